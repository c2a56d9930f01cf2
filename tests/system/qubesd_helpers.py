# SPDX-License-Identifier: GPL-2.0-or-later
"""Tests of helper supervision. Started by qubesd-helpers.sh."""
import os, re, shutil, signal, subprocess, sys, tempfile, threading, time
from qubesd_env import BUILD, Qubesd, Stream, Tap, eventually
from qubesd_place import Place, pid_of

tap = Tap()
ok, eq = tap.ok, tap.eq


def images(q):
    """But for revisions, of which a run makes one."""
    return [i for i in q.images() if "@" not in i]


def starting(p):
    q = p.q
    q.call("admin.vm.Create.AppVM", "dom0", "tpl", "name=work label=blue")
    q.call("admin.vm.feature.Set", "tpl", "qrexec", "1")
    q.call("admin.vm.property.Set", "work", "qrexec_timeout", "7")
    eq(q.get("admin.vm.Start", "work"), "", "start")
    xid, uuid = p.xid(), q.get("admin.vm.property.Get", "work", "uuid").split()[-1]
    eq(p.calls()[-1], "--uuid=%s --user %d:%d %s work user nowait=None timeout=7" %
       (uuid, os.getuid(), os.getgid(), xid), "qrexec-daemon's arguments")
    ok(p.qrexec(xid) and p.qubesdb("work"), "both helpers run")
    eq((p.read("/name"), p.read("/type"), p.read("/qubes-base-template")), ("work", "AppVM", "tpl"),
       "keys in QubesDB")
    q.call("admin.vm.feature.Set", "work", "service.cups", "1")
    ok(eventually(lambda: p.read("/qubes-service/cups") == "1"), "a service shows up while it runs")
    q.call("admin.vm.feature.Remove", "work", "service.cups")
    ok(eventually(lambda: p.read("/qubes-service/cups") is None), "and goes away")
    q.call("admin.vm.Create.AppVM", "dom0", "tpl", "name=mute label=blue")
    q.call("admin.vm.feature.Set", "mute", "qrexec", "")
    q.call("admin.vm.Start", "mute")
    ok("nowait=1" in p.calls()[-1], "a qube without agent is not waited for")
    q.call("admin.vm.Kill", "mute")


# The least that so many tries take: 50 ms, then four times as much each time.
TRIES_TAKE_S = (0, 0, 0.05, 0.25, 1.05, 4.25)


def supervision(p):
    q, xid = p.q, p.xid()
    first = p.qrexec(xid)
    os.kill(first, signal.SIGKILL)
    ok(eventually(lambda: p.qrexec(xid) not in (0, first)), "qrexec-daemon comes back")
    ok(eventually(lambda: q.state("work") == "Running"), "the qube is Running again")
    first = p.qubesdb("work")
    os.kill(first, signal.SIGKILL)
    ok(eventually(lambda: p.qubesdb("work") not in (0, first)), "qubesdb-daemon comes back")
    ok(eventually(lambda: p.read("/name") == "work"), "with its keys")
    eq(p.read("/qubes-random-seed"), None, "but for the seed, which was given once")
    # One that keeps dying is not started without end.
    p.mode("refuse")
    before, since = len(p.calls()), time.monotonic()
    os.kill(p.qrexec(xid), signal.SIGKILL)
    ok(eventually(lambda: len(p.calls()) - before >= 3), "one that keeps failing is started again")
    tries, took = len(p.calls()) - before, time.monotonic() - since
    ok(took >= TRIES_TAKE_S[min(tries, 5)], "ever more slowly", (tries, took))
    eq(q.state("work"), "Transient", "meanwhile the qube is Transient")
    p.mode("ok")
    ok(eventually(lambda: q.state("work") == "Running"), "until it works")


def failing(p):
    q = p.q
    q.call("admin.vm.Kill", "work")
    ok(not p.qubesdb("work") and p.xid() == "-1", "helpers end with the qube")
    before = images(q)
    for mode, want in (("refuse", "no vchan today"), ("no-agent", "did not answer within 7 seconds")):
        p.mode(mode)
        ev = Stream(q)
        ok(want in q.message("admin.vm.Start", "work"), "start fails: " + want)
        lines = ev.take("domain-shutdown")
        ok(any("work domain-start-failed reason=" in l for l in lines) and
           lines[-1] == "work domain-shutdown", "and is told of", lines)
        ev.close()
        eq((q.state("work"), p.qubesdb("work"), images(q)), ("Halted", 0, before),
           "nothing of it stays")
    p.mode("slow")
    q.call("admin.vm.property.Set", "work", "qrexec_timeout", "60")
    got = []
    t = threading.Thread(target=lambda: got.append(q.message("admin.vm.Start", "work")))
    t.start()
    ok(eventually(lambda: q.state("work") == "Transient"), "Transient while it starts")
    begin = time.monotonic()
    eq(q.get("admin.vm.Kill", "work"), "", "killed while it starts")
    t.join(150)
    ok(got and "stopped while it was starting" in got[0] and time.monotonic() - begin < 50,
       "the start says so at once", got)
    eq((q.state("work"), images(q)), ("Halted", before), "and nothing stays")
    p.mode("ok")
    name = q.get("admin.vm.CreateDisposable", "dvm")
    p.mode("refuse")
    ok(q.message("admin.vm.Start", name), "a disposable that does not start")
    ok(eventually(lambda: q.get("admin.vm.List", name) == "[QubesVMNotFoundError]"), "is removed")
    p.mode("ok")


def kill_qubesd(p):
    """This hypervisor forgets its domains with the connection: they ended while we were away."""
    q = p.q
    eq(q.get("admin.vm.Start", "work"), "", "start")
    disposable = q.get("admin.vm.CreateDisposable", "dvm")
    q.call("admin.vm.Start", disposable)
    xid, qdb = p.xid(), p.qubesdb("work")
    ok(p.qrexec(xid) and qdb, "runs")
    q.stop(signal.SIGKILL)
    ok(p.qrexec(xid) and p.qubesdb("work") == qdb, "helpers outlive qubesd")
    q.start()
    ok(eventually(lambda: not p.qubesdb("work") and not p.qrexec(xid)),
       "helpers of a qube that ended meanwhile are ended, too")
    ok(eventually(lambda: not [i for i in q.images() if "dirty" in i]), "its images are put away")
    ok(eventually(lambda: q.get("admin.vm.List", disposable) == "[QubesVMNotFoundError]"),
       "its disposable is removed")
    eq(q.get("admin.vm.Start", "work"), "", "it starts again")
    q.call("admin.vm.Kill", "work")


def main():
    p = Place()
    try:
        p.q.start().furnish()
        for part in (starting, supervision, failing, kill_qubesd):
            part(p)
        eq(p.q.stop(), 0, "ends well")
        log = p.q.logged()
        ok("Sanitizer" not in log and "runtime error" not in log, "nothing was reported by checkers",
           log[-3000:])
    finally:
        p.remove()
    return tap.end()


sys.exit(main())
