# SPDX-License-Identifier: GPL-2.0-or-later
"""What calls of services do, one behaviour after the other, with the real programs between
two qubes and dom0; policy daemon and qubesd are stood in for. Started by qrexec-calls.sh."""
import hashlib, os, re, signal, socket, subprocess, threading, time
from qrexec_env import ROOT, USER, eventually, parent_of, result
from qrexec_parts import NAMES, RPC, Server, allowed, dom0, eq, ok, policy_daemon, read_all, tap, vm, w
import qrexec_protocol

# ---- what a service sees -------------------------------------------------------------------

def test_environment():
    w.service("test.Env", 'env | grep ^QREXEC | grep -v -e PID -e PATH | sort | paste -sd" "; '
              'echo "$#:$1"; kill -0 $QREXEC_AGENT_PID && echo pid\n')
    os.environ["QREXEC_REQUESTED_TARGET"] = "trap"
    w.env["QREXEC_REQUESTED_TARGET"] = w.env["QREXEC_SERVICE_ARGUMENT"] = "trap"
    eq("environment of a service in a qube, with argument",
       "QREXEC_REMOTE_DOMAIN=work QREXEC_REQUESTED_TARGET_TYPE= QREXEC_SERVICE_ARGUMENT=a-b "
       "QREXEC_SERVICE_FULL_NAME=test.Env+a-b\n1:a-b\npid\n", vm(42, "vault", "test.Env+a-b")[1])
    eq("and without: an empty one, and no word on the command line",
       "QREXEC_REMOTE_DOMAIN=work QREXEC_REQUESTED_TARGET_TYPE= QREXEC_SERVICE_ARGUMENT= "
       "QREXEC_SERVICE_FULL_NAME=test.Env+\n0:\npid\n", vm(42, "vault", "test.Env")[1])
    eq("environment of a service in dom0",
       "QREXEC_REMOTE_DOMAIN=work QREXEC_REQUESTED_TARGET=dom0 QREXEC_REQUESTED_TARGET_TYPE=name "
       "QREXEC_SERVICE_ARGUMENT=x QREXEC_SERVICE_FULL_NAME=test.Env+x\n1:x\npid\n",
       vm(42, "dom0", "test.Env+x")[1])
    s = allowed("@adminvm", "@adminvm")
    eq("a keyword is told apart from a name",
       "QREXEC_REMOTE_DOMAIN=work QREXEC_REQUESTED_TARGET_KEYWORD=adminvm "
       "QREXEC_REQUESTED_TARGET_TYPE=keyword QREXEC_SERVICE_ARGUMENT= "
       "QREXEC_SERVICE_FULL_NAME=test.Env+\n0:\npid\n", vm(42, "$adminvm", "test.Env")[1])
    eq("the question to the policy daemon; $ becomes @",
       b"source=work\nrequested_source=\nintended_target=@adminvm\nservice_and_arg=test.Env\n\n",
       s.asked[0])
    s.close()
    eq("dom0 calls itself", "QREXEC_REMOTE_DOMAIN=dom0 QREXEC_REQUESTED_TARGET=dom0 "
       "QREXEC_REQUESTED_TARGET_TYPE=name QREXEC_SERVICE_ARGUMENT=z "
       "QREXEC_SERVICE_FULL_NAME=test.Env+z\n1:z\npid\n",
       dom0("-d", "dom0", "DEFAULT:QUBESRPC test.Env+z dom0 name dom0")[1])


def test_lookup():
    w.service("test.Which", "echo plain\n")
    w.service("test.Which+one", "echo one\n")
    eq("a service for one argument goes before the general one", "one\n plain\n plain\n",
       " ".join(vm(42, "vault", "test.Which" + a)[1] for a in ("+one", "+two", "")))
    w.write("rpc/test.Junk", "\0junk", 0o755)
    w.write("rpc/test.NotExec", "#!/bin/sh\n", 0o644)
    eq("what cannot be run gives 125, what is not there 127", [125, 125, 127],
       [vm(42, "vault", "test." + n)[0] for n in ("Junk", "NotExec", "Nothing")])
    ok(eventually(5, lambda: re.search(r"test\.NotExec.*neither executable nor a socket",
                                       w.logged("agent.43"))),
       "the log names service and cause", w.logged("agent.43"))
    long = "x" * 60000
    w.service("test.Length", 'printf %s "$1" | wc -c\n')
    eq("an argument of 60,000 bytes", "60000\n", vm(42, "vault", "test.Length+" + long)[1])
    code, _, err = vm(42, "vault", "test.Length+" + long + long)
    ok(code == 125 and err.count("\n") == 1, "and one that is too long is an error", err)


# ---- service configuration -------------------------------------------------------------------

def test_session():
    w.service("qubes.WaitForSession", 'read u; echo "$u $QREXEC_REMOTE_DOMAIN" >>%s/x/waits; '
              'while [ ! -e %s/x/session ]; do sleep 0.05; done\n' % (w.t, w.t), dom0=False)
    w.service("qubes.WaitForSession", "echo dom0 >>%s/x/waits\n" % w.t, vm=False)
    w.service("test.Session", "cat %s/x/waits\n" % w.t)
    w.write("conf/test.Session", "wait-for-session = true # or 1\n")
    w.write("root/etc/qubes/rpc-config/test.Session", "wait-for-session=1\r\n")
    both = [w.client_vm(42, "vault", "test.Session", stdin=-1) for _ in range(3)]
    line = USER + " work\n"
    # Where their data will go is known once all three are on the way to the agent.
    ok(eventually(10, lambda: sum(f.startswith("vchan.42.43.") for f in os.listdir(w.path("vchan")))
                  == 3), "three calls are under way")
    eventually(10, lambda: os.path.exists(w.path("x/waits")) and os.path.getsize(w.path("x/waits")))
    eq("a command with nogui: does not wait for the session", line,
       dom0("-d", "vault", USER + ":nogui:QUBESRPC test.Session dom0")[1])
    open(w.path("x/session"), "w").close()
    eq("three calls wait for one qubes.WaitForSession, which is told the user", [line] * 3,
       [result(p)[1] for p in both])
    eq("dom0 waits for its own", line + "dom0\n", vm(42, "dom0", "test.Session")[1])
    w.service("qubes.WaitForSession", "exit 3\n", dom0=False)
    eq("a session that fails does not hold up the call", 0, vm(42, "vault", "test.Session")[0])


def echo_socket(path, script):
    """A socket service: script(connection) in a thread."""
    s = socket.socket(socket.AF_UNIX)
    s.bind(path)
    os.chmod(path, 0o777)
    s.listen(16)

    def run():
        while True:
            try:
                c, _ = s.accept()
            except OSError:
                return
            threading.Thread(target=script, args=(c,), daemon=True).start()
    threading.Thread(target=run, daemon=True).start()
    return s


def test_sockets():
    def mirror(c):
        with c:
            c.sendall(read_all(c))

    def greeting(c):
        c.sendall(b"hello\n")
        c.shutdown(socket.SHUT_WR)
        time.sleep(1000)

    def hold(c):
        c.recv(1)
        time.sleep(1000)
    for place, conf in (("rpc", "conf"), ("root/etc/qubes-rpc", "root/etc/qubes/rpc-config")):
        here = "dom0" if "root" in place else "vault"
        echo_socket(w.path(place, "test.Sock"), mirror)
        echo_socket(w.path(place, "test.Bare"), mirror)
        echo_socket(w.path(place, "test.Greet"), greeting)
        echo_socket(w.path(place, "test.Hold"), hold)
        w.write(conf + "/test.Bare", "skip-service-descriptor = true\n")
        w.write(conf + "/test.Greet", "exit-on-service-eof = true\nskip-service-descriptor=true\n")
        w.write(conf + "/test.Hold", "exit-on-client-eof = true\nno-such-key = 1\n")
        wanted = "test.Sock+a work" + (" name dom0" if here == "dom0" else "") + "\0data"
        eq("%s: a socket service gets descriptor and data" % here, (0, wanted),
           vm(42, here, "test.Sock+a", data=b"data")[:2])
        eq("%s: skip-service-descriptor" % here, (0, "data"),
           vm(42, here, "test.Bare", data=b"data")[:2])
        # The client's input stays open: only the service's end can end the call.
        r, wr = os.pipe()
        eq("%s: exit-on-service-eof" % here, (0, "hello\n"),
           result(w.client_vm(42, here, "test.Greet", stdin=r))[:2])
        os.close(r)
        os.close(wr)
        eq("%s: exit-on-client-eof" % here, 0, vm(42, here, "test.Hold")[0])
    ok(eventually(5, lambda: "test.Hold: unknown key in line 2: ignored" in w.logged("agent.43")),
       "an unknown key is logged in a qube", w.logged("agent.43"))
    ok(eventually(5, lambda: "test.Hold: unknown key in line 2: ignored" in w.logged("daemon.42")),
       "and in dom0", w.logged("daemon.42"))


def test_tcp():
    s = socket.socket()
    s.bind(("127.0.0.1", 0))
    s.listen(8)
    port = str(s.getsockname()[1])

    def run():
        while True:
            with s.accept()[0] as c:
                try:
                    c.sendall(read_all(c))
                except OSError:
                    pass
    threading.Thread(target=run, daemon=True).start()
    os.symlink("/dev/tcp", w.path("rpc/test.Tcp"))
    os.symlink("/dev/tcp/127.0.0.1", w.path("rpc/test.TcpHost"))
    os.symlink("/dev/tcp/127.0.0.1/" + port, w.path("rpc/test.TcpPort"))
    w.write("conf/test.Tcp", "skip-service-descriptor = true\n")
    w.write("conf/test.TcpHost", "skip-service-descriptor = true\n")
    eq("services at TCP ports: all in the link, the port or both in the argument",
       ["test.TcpPort+ work\0x", "x", "x"],
       [vm(42, "vault", n, data=b"x")[1] for n in
        ("test.TcpPort", "test.TcpHost+" + port, "test.Tcp+127.0.0.1+" + port)])
    eq("addresses that are not one give 125", [125] * 4,
       [vm(42, "vault", n)[0] for n in ("test.TcpPort+1", "test.TcpHost", "test.TcpHost+0",
                                        "test.Tcp+local_host+" + port)])


def test_force_user():
    w.service("test.Who", "id -un\n")
    w.write("conf/test.Who+other", "force-user = 'nosuchuser'\n")
    w.write("conf/test.Who+bad", "force-user = 'root'\nexit-on-client-eof = true\n")
    eq("an agent that is not root runs nothing as another user", 125,
       vm(42, "vault", "test.Who+other")[0])
    ok(eventually(5, lambda: "test.Who was not run as user nosuchuser" in w.logged("agent.43")), "and says so")
    eq("force-user with exit-on-*-eof is an error", 125, vm(42, "vault", "test.Who+bad")[0])
    w.write("root/etc/qubes/rpc-config/test.Who", "force-user = 'root'\n")
    eq("dom0 does not change users", USER + "\n", vm(42, "dom0", "test.Who")[1])
    ok(eventually(5, lambda: "force-user means nothing in dom0" in w.logged("daemon.42")), "and says so")


# ---- data ------------------------------------------------------------------------------------

def test_halves():
    w.service("test.OutFirst", "echo out; exec >&- 2>&-; cat >%s/x/after\n" % w.t)
    w.service("test.InFirst", "exec <&-; sleep 0.2; echo late\n")
    w.service("test.Both", "cat; echo end\n")
    for target in ("vault", "dom0"):
        p = w.client_vm(42, target, "test.OutFirst", stdin=-1)
        out = p.stdout.read()
        p.stdin.write(b"still read")
        p.stdin.close()
        code = p.wait(200)
        with open(w.path("x/after")) as f:
            eq("%s: output ends first, input goes on" % target, (b"out\n", "still read", 0),
               (out, f.read(), code))
        eq("%s: input ends first, output goes on" % target, (0, "abcend\n"),
           vm(42, target, "test.Both", data=b"abc")[:2])
        eq("%s: a service that does not read" % target, (0, "late\n"),
           vm(42, target, "test.InFirst", data=b"x" * 1000000)[:2])


def test_stdio_socket():
    # The service says that its standard input is to carry both directions.
    w.service("test.Usr1", "echo one; kill -USR1 $QREXEC_AGENT_PID; exec >&-; sleep 0.1; "
              "read x; echo \"two $x\" >&0\n")
    eq("SIGUSR1: the service's stdin takes both directions", (0, "one\ntwo in\n"),
       dom0("-d", "vault", RPC + "test.Usr1 dom0", data=b"in\n")[:2])
    eq("the same in dom0", (0, "one\ntwo in\n"), vm(42, "dom0", "test.Usr1", data=b"in\n")[:2])
    for name, start in (("qrexec-client-vm", lambda fd: w.client_vm(
            42, "--use-stdin-socket", "vault", "test.Both", stdin=fd)),
                        ("qrexec-client", lambda fd: w.client(
            "--use-stdin-socket", "-d", "vault", RPC + "test.Both dom0", stdin=fd))):
        a, b = socket.socketpair()
        p = start(b.fileno())
        a.sendall(b"x")
        a.shutdown(socket.SHUT_WR)
        eq("%s --use-stdin-socket: both ways, with both ends" % name, (b"xend\n", 0),
           (read_all(a), p.wait(200)))
        a.close()
        b.close()
        code = result((w.client_vm(42, "--use-stdin-socket", "vault", "test.Both"))
                      if "vm" in name else
                      w.client("--use-stdin-socket", "-d", "vault", RPC + "test.Both dom0"))[0]
        ok(code not in (0, "timeout"), "%s: and refused for what is no socket" % name, code)


def test_options():
    w.service("test.Bytes", "printf '\\033[1mA\\tB\\n\\200'; printf '\\007\\001' >&2\n")
    eq("-t and -T replace control characters", ("_[1mA\tB\n_", "\x07_"),
       dom0("-t", "-T", "-d", "vault", RPC + "test.Bytes dom0")[1:])
    eq("in a qube too", ("_[1mA\tB\n_", "\x07_"), vm(42, "-t", "-T", "vault", "test.Bytes")[1:])
    eq("without, all bytes pass", ("\033[1mA\tB\n\x80", "\x07\x01"),
       vm(42, "vault", "test.Bytes")[1:])
    eq("--prefix-data goes first", ("PRE:inend\n", "PRE:inend\n"),
       (dom0("-p", "PRE:", "-d", "vault", RPC + "test.Both dom0", data=b"in")[1],
        vm(42, "--prefix-data=PRE:", "vault", "test.Both", data=b"in")[1]))
    eq("also when it is longer than a message", 200000 + 4,
       len(vm(42, "--prefix-data=" + "p" * 100000, "vault", "test.Both", data=b"d" * 100000)[1]))
    w.service("test.Fail", "exit 9\n")
    eq("-E hides the exit code", (9, 0), (dom0("-d", "vault", RPC + "test.Fail dom0")[0],
                                          dom0("-E", "-d", "vault", RPC + "test.Fail dom0")[0]))
    eq("a local program: its code when the service's is 0, else the service's", (4, 9),
       (vm(42, "vault", "test.Both", "/bin/sh", "-c", "exit 4")[0],
        vm(42, "vault", "test.Fail", "/bin/sh", "-c", "exit 4")[0]))
    eq("the same for -l", (4, 9),
       (dom0("-l", "exit 4", "-d", "vault", RPC + "test.Both dom0")[0],
        dom0("-l", "exit 4", "-d", "vault", RPC + "test.Fail dom0")[0]))
    w.service("test.Kill", "kill -TERM $$\n")
    eq("a service that a signal ends: 128 + its number", (143, 143),
       (vm(42, "vault", "test.Kill")[0], vm(42, "dom0", "test.Kill")[0]))
    eq("-e: 0 when it was started, 127 and 125 when not", (0, 127, 125),
       tuple(dom0("-e", "-d", "vault", RPC + n + " dom0")[0]
             for n in ("test.Both", "test.None", "test.NotExec")))
    w.service("test.Grandchild", "echo child; (sleep 0.4; echo grand) &\n")
    eq("what a service started keeps the call open", "child\ngrand\n",
       vm(42, "vault", "test.Grandchild")[1])


def test_windows():
    """One stream that nobody reads holds up nothing else, and loses nothing."""
    w.service("test.Wait", "while [ ! -e %s/x/go ]; do sleep 0.05; done; sha256sum\n" % w.t)
    data = os.urandom(4 << 20)
    stuck = [w.client("-d", "vault", RPC + "test.Wait dom0", stdin=-1),
             w.client_vm(42, "vault", "test.Wait", stdin=-1),
             w.client_vm(42, "dom0", "test.Wait", stdin=-1)]
    feeders = [threading.Thread(target=lambda p=p: (p.stdin.write(data), p.stdin.close()))
               for p in stuck]
    for f in feeders:
        f.start()
    time.sleep(0.3)
    eq("three calls are stuck, others go on", ["xend\n"] * 3,
       [vm(42, t, "test.Both", data=b"x")[1] for t in ("vault", "dom0")] +
       [dom0("-d", "vault", RPC + "test.Both dom0", data=b"x")[1]])
    open(w.path("x/go"), "w").close()
    want = hashlib.sha256(data).hexdigest()
    got = []
    for p, f in zip(stuck, feeders):
        f.join(200)
        got.append(p.stdout.read().split()[0].decode())
        p.wait(200)
    eq("and then get all of it", [want] * 3, got)


def test_stopped():
    """A peer that is stopped holds up its own calls only."""
    p = w.client_vm(42, "vault", "test.Pid", stdin=-1)
    relay = parent_of(int(p.stdout.readline()))
    job = w.client_vm(42, "dom0", "test.Pid", stdin=-1)
    job_relay = parent_of(int(job.stdout.readline()))
    back = w.client("-d", "work", RPC + "test.Both dom0", stdin=-1)
    victims = [relay, job_relay, back.pid]
    for v in victims:
        os.kill(v, signal.SIGSTOP)
    eq("processes of three calls are stopped: others go on", ["xend\n"] * 4,
       [vm(42, "vault", "test.Both", data=b"x")[1], vm(43, "work", "test.Both", data=b"x")[1],
        vm(42, "dom0", "test.Both", data=b"x")[1],
        dom0("-d", "vault", RPC + "test.Both dom0", data=b"x")[1]])
    for v in victims:
        os.kill(v, signal.SIGCONT)
    eq("and these too, when continued", [(0, "ok"), (0, "ok"), (0, "okend\n")],
       [result(q, b"ok")[:2] for q in (p, job, back)])
    os.kill(w.pid("agent", 43), signal.SIGSTOP)
    waiting = w.client("-w1", "-d", "vault", RPC + "test.Both dom0")
    pending = w.client_vm(42, "vault", "test.Both", stdin=-1)
    eq("an agent is stopped: calls of other qubes go on", (0, "ok\n"),
       dom0("-d", "work", USER + ":echo ok")[:2])
    code, _, err = result(waiting)
    ok(code == 125 and "vault" in err and err.count("\n") == 1,
       "a call to it ends at -w, with its name", "%s %s" % (code, err))
    os.kill(w.pid("agent", 43), signal.SIGCONT)
    eq("and one that waits goes on with it", (0, "lateend\n"), result(pending, b"late")[:2])
    os.kill(w.pid("daemon", 43), signal.SIGSTOP)
    eq("a daemon is stopped: other qubes go on", (0, "ok\n"),
       dom0("-d", "work", USER + ":echo ok")[:2])
    os.kill(w.pid("daemon", 43), signal.SIGCONT)
    eq("and its own when it is continued", (0, "ok\n"), dom0("-d", "vault", USER + ":echo ok")[:2])


# ---- decisions ---------------------------------------------------------------------------------

def test_relay():
    w.service("test.Relay", 'echo "$1 from $QREXEC_REMOTE_DOMAIN"\n')
    s = allowed("vault", "remote1", service="test.Relay+remote1+test.Far+arg")
    eq("a call to a RemoteVM goes to its relay", "remote1+test.Far+arg from work\n",
       vm(42, "remote1", "test.Far+arg")[1])
    s.close()
    s = allowed("vault", policy_source="remote2")
    eq("a call that a relay passes on comes from the RemoteVM", "x from remote2\n",
       vm(42, "--source-qube=remote2", "vault", "test.Relay+x")[1])
    eq("and the policy hears who asks for whom",
       b"source=work\nrequested_source=remote2\nintended_target=vault\n"
       b"service_and_arg=test.Relay+x\n\n", s.asked[0])
    s.close()
    s = allowed("dom0", policy_source="remote2")
    eq("in dom0 too", "x from remote2\n",
       vm(42, "--source-qube=remote2", "dom0", "test.Relay+x")[1])
    s.close()


def test_malformed_answers():
    w.policy("exit 1\n")
    for answer in ("result=allow\n", "result=deny\nuser=x\n", "result=perhaps\n", "",
                   "result=allow\nresult=allow\nuser=u\ntarget=vault\nautostart=False\n"
                   "requested_target=vault\n", "result=allow\0", "x" * 5000,
                   "result=allow\nuser=u\ntarget=vault\nautostart=Yes\nrequested_target=vault\n"):
        s = Server(w.root + "/run/qubes/policy.sock", lambda q: answer.encode(), b"\n\n")
        eq("no allow: %r" % answer[:40], (126, "Request refused\n"),
           vm(42, "vault", "test.Both")[::2])
        s.close()
    w.allow_all()


def qubesd(answers):
    """answers: {b"method": reply or function}; what is not there is an exception."""
    def reply(request):
        method = request.split(b"+")[0].decode()
        r = answers.get(method, b"2\0QubesNoSuchMethod\0\0not in this test\0")
        return r() if callable(r) else r
    return Server(w.root + "/run/qubesd.sock", reply)


def test_autostart():
    w.kill("daemon", 43, signal.SIGTERM)
    code, _, err = dom0("-d", "vault", RPC + "test.Both dom0")
    ok(code == 125 and "vault is not running" in err and "qvm-start vault" in err,
       "a qube that is not running, by name, with what to do", err)
    w.allow_all()
    eq("without autostart the call is refused", 126, vm(42, "vault", "test.Both")[0])
    ok(eventually(5, lambda: re.search("test.Both called by work.*vault is not running",
                                       w.logged("daemon.42"))),
       "and the log names service, caller, qube and cause", w.logged("daemon.42"))

    def started():
        w.daemon(43, "vault")
        return b"0\0"
    q = qubesd({"admin.vm.Start": started})
    s = policy_daemon(result="allow", user=USER, target="vault", autostart="True",
                      requested_target="vault")
    eq("with autostart it is started", (0, "xend\n"), vm(42, "vault", "test.Both", data=b"x")[:2])
    eq("by qubesd", [b"admin.vm.Start+ dom0 name vault\0"], q.asked)
    eq("and not again when it runs", (0, 1), (vm(42, "vault", "test.Both")[0], len(q.asked)))
    q.close()
    w.kill("daemon", 43, signal.SIGTERM)
    q = qubesd({"admin.vm.Start": lambda: (w.daemon(43, "vault"),
                                           b"2\0QubesVMNotHaltedError\0\0it runs\0")[1]})
    eq("another was faster: as good", 0, vm(42, "vault", "test.Both")[0])
    q.close()
    w.kill("daemon", 43, signal.SIGTERM)
    q = qubesd({"admin.vm.Start": b"2\0QubesMemoryError\0\0not enough memory\0"})
    eq("a start that fails is a refusal", (126, "Request refused\n"),
       vm(42, "vault", "test.Both")[::2])
    ok(eventually(5, lambda: "not enough memory" in w.logged("daemon.42")), "with its cause")
    q.close()
    eq("and no qubesd at all too", 126, vm(42, "vault", "test.Both")[0])
    s.close()
    w.daemon(43, "vault")


def test_disposable():
    w.service("test.Linger", "cat; echo done\n")

    def started():
        w.agent(44)
        w.daemon(44, "disp7")
        return b"0\0"
    q = qubesd({"admin.vm.CreateDisposable": b"0\0disp7", "admin.vm.Start": started,
                "admin.vm.Kill": b"0\0", "admin.vm.Remove": b"0\0"})
    s = policy_daemon(result="allow", user=USER, target="@dispvm:base", autostart="True",
                      requested_target="@dispvm")
    p = w.client_vm(42, "@dispvm", "test.Linger", stdin=-1)
    ok(eventually(10, lambda: len(q.asked) >= 2), "a call to a disposable")
    eq("a disposable is made and started for a call", [
        b"admin.vm.CreateDisposable+ dom0 name base\0", b"admin.vm.Start+ dom0 name disp7\0"],
       q.asked)
    eq("which runs in it", (0, "indone\n"), result(p, b"in")[:2])
    ok(eventually(5, lambda: b"admin.vm.Kill+ dom0 name disp7\0" in q.asked),
       "and it is killed when the call is over", q.asked)
    q.close()
    s.close()
    uuid = b"uuid:01234567-89ab-4cde-8f01-23456789abcd"
    q = qubesd({"admin.vm.CreateDisposable": b"0\0" + uuid,
                "admin.vm.Start": b"2\0QubesMemoryError\0\0no memory\0",
                "admin.vm.Kill": b"2\0QubesVMNotStartedError\0\0x\0", "admin.vm.Remove": b"0\0"})
    s = policy_daemon(result="allow", user=USER, target="@dispvm:base", autostart="True",
                      target_uuid="@dispvm:uuid:89ab", requested_target="@dispvm")
    eq("one that does not start is a refusal", 126, vm(42, "@dispvm", "test.Linger")[0])
    ok(eventually(5, lambda: len(q.asked) >= 4), "and is removed", q.asked)
    eq("by uuid, where the policy named it so",
       [b"admin.vm.CreateDisposable+ dom0 name uuid:89ab\0uuid",
        b"admin.vm.Start+ dom0 name " + uuid + b"\0", b"admin.vm.Kill+ dom0 name " + uuid + b"\0",
        b"admin.vm.Remove+ dom0 name " + uuid + b"\0"], q.asked[:4])
    q.close()
    s.close()
    q = qubesd({})
    s = policy_daemon(result="allow", user=USER, target="@dispvm:base", autostart="False",
                      requested_target="@dispvm")
    eq("without autostart there is none", (126, []), (vm(42, "@dispvm", "test.Linger")[0], q.asked))
    s.close()
    q.close()
    w.kill("agent", 44, signal.SIGTERM)
    w.kill("daemon", 44, signal.SIGTERM)
    q = qubesd({"admin.vm.Kill": b"0\0"})
    eq("-k kills the qube after the call", (0, [b"admin.vm.Kill+ dom0 name work\0"]),
       (dom0("-k", "-d", "work", USER + ":true")[0], q.asked))
    q.close()


def test_confined():
    """Who carries a qube's bytes in dom0: seccomp, no new privileges, no capabilities."""
    def state(pid):
        with open("/proc/%d/status" % pid) as f:
            lines = dict(line.split(":\t", 1) for line in f if ":\t" in line)
        return tuple(lines[k].strip() for k in ("Seccomp", "NoNewPrivs", "CapEff"))
    none = "0" * 16
    p = w.client_vm(42, "dom0", "test.Pid", stdin=-1)
    job = parent_of(int(p.stdout.readline()))
    c = w.client("-d", "vault", RPC + "test.Pid dom0", stdin=-1)
    c.stdout.readline()
    eq("the process of a call to dom0 is confined", ("2", "1", none), state(job))
    eq("so is qrexec-client", ("2", "1", none), state(c.pid))
    eq("and the daemons", [("2", "1", none)] * 2,
       [state(w.pid("daemon", d)) for d in NAMES])
    eq("none of them is root", [False] * 3,
       [os.stat("/proc/%d" % pid).st_uid == 0 for pid in (job, c.pid, w.pid("daemon", 42))])
    result(p)
    result(c)


def test_login():
    """As root: the agent runs calls as users, through PAM."""
    with w.log("agent.70") as log:
        # What root has in its profile is no part of the test, and may take its time.
        script = ("mount --make-rprivate / && for f in ~root/.*profile ~root/.bash_login; do "
                  "[ ! -f $f ] || mount --bind /dev/null $f; done && cp -r /etc/pam.d {t}/pam.d && "
                  "cp {t}/pam {t}/pam.d/qrexec && mount --bind {t}/pam.d /etc/pam.d && "
                  "exec {t}/bin/qrexec-agent -S -a {t}/agent.70").format(t=w.t)
        with open(w.path("pam"), "w") as f:
            f.write("auth sufficient pam_permit.so\naccount sufficient pam_permit.so\n"
                    "session required pam_env.so conffile=%s/pam.env\n"
                    "session required pam_exec.so %s/session\n" % (w.t, w.t))
        w.write("pam.env", "FROM_PAM DEFAULT=yes\n")
        w.write("session", "#!/bin/sh\necho $PAM_TYPE $PAM_USER >>%s/x/sessions\n" % w.t, 0o755)
        w.procs["agent", 70] = subprocess.Popen(
            ["unshare", "-m", "sh", "-c", script], stderr=log, stdin=subprocess.DEVNULL,
            env=dict(w.env, VCHAN_DOMAIN="70", QREXEC_SERVICE_PATH=w.path("rpc"),
                     QUBES_RPC_CONFIG_PATH=w.path("conf")))
    eventually(10, lambda: os.path.exists(w.path("vchan/vchan.70.0.512.sock")))
    os.chmod(w.path("vchan/vchan.70.0.512.sock"), 0o777)
    w.daemon(70, "login")
    w.service("test.Login", 'echo "$(id -un) $(id -gn) $USER $LOGNAME $HOME $FROM_PAM $(pwd) '
              '$QREXEC_REMOTE_DOMAIN"; cat >&2\n')
    w.write("conf/test.Login+forced", "force-user = 'root'\n")
    w.write("conf/test.Login+nobody", "force-user = 'no-such-user'\n")
    wanted = "root root root root /root yes /root dom0\n"
    eq("a call as root, through PAM", (0, wanted),
       dom0("-d", "login", "root:QUBESRPC test.Login dom0")[:2])
    eq("force-user overrides the policy's user", (0, wanted),
       dom0("-d", "login", RPC + "test.Login+forced dom0")[:2])
    got = dom0("-d", "login", RPC + "test.Login dom0")
    ok(got[0] == 0 and got[1].split()[0] == USER and "yes" in got[1], "a call as another user",
       "%s" % (got,))
    code, _, err = dom0("-d", "login", RPC + "test.Login+nobody dom0")
    ok(code == 125 and "no such user" in err and "no-such-user" in err,
       "a user that is not there", "%s %s" % (code, err))
    eq("exit codes pass the login", 7, dom0("-d", "login", "root:exit 7")[0])
    def sessions():
        with open(w.path("x/sessions")) as f:
            return f.read()
    ok(eventually(5, lambda: sessions().count("close_session root") >= 2) and
       "open_session root" in sessions().split("\n"), "sessions are opened and closed", sessions())
    w.kill("daemon", 70, signal.SIGTERM)
    w.kill("agent", 70, signal.SIGTERM)


def main():
    for d, name in NAMES.items():
        w.agent(d)
        w.daemon(d, name)
    everything = {**globals(), **vars(qrexec_protocol)}
    tests = [f for n, f in everything.items() if n.startswith("test_")]
    only = os.environ.get("QREXEC_ONLY", "")
    if not ROOT:
        tests.remove(test_login)
    w.service("test.Both", "cat; echo end\n")
    w.service("test.Pid", "echo $$; exec cat\n")
    for f in tests:
        if only in f.__name__:
            try:
                f()
            except Exception as e:
                tap.ok(False, f.__name__, "%s: %s" % (type(e).__name__, e))
    eq("agents and daemons live on", [None] * 4,
       [w.procs[k, d].poll() for k in ("agent", "daemon") for d in NAMES])
    if tap.failed:
        for log in sorted(os.listdir(w.path("log"))):
            print("# %s:\n# %s" % (log, "\n# ".join(w.logged(log).splitlines()[-25:])))


try:
    main()
finally:
    w.close()
tap.finish()
