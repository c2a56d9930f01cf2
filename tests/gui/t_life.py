# SPDX-License-Identifier: GPL-2.0-or-later
"""Beginning and end of daemons: waiting, reconnecting, logs, domains that go."""
import os
import shutil
import signal
import struct
import subprocess
import time
from unittest import mock

from common import GREEN, desktop, equal, idle, mode_args, scene, worker_of
from desktop import Agent, BIN


def test_agent_comes_late():
    with desktop() as d:
        p = d.guid(*mode_args())

        def waits():
            try:
                return idle(p.pid, worker_of(p))
            except (FileNotFoundError, IndexError):
                return False  # no worker yet
        assert d.wait(waits), "busy while waiting"
        a = Agent(d.vchan, 5)
        a.handshake()
        a.show(1, 10, 10, 50, 50, GREEN)
        assert d.shown(1)
        a.close()


def test_reconnect():
    with scene() as s:
        for _ in range(3):
            s.a.show(1, 100, 100, 50, 50, GREEN)
            assert s.d.shown(1)
            s.a.close()
            assert s.d.wait(lambda: not s.d.find_now("work", 1)), "windows stay"
            s.a = Agent(s.d.vchan, 5)
            s.a.handshake()
        s.a.show(1, 100, 100, 50, 50, GREEN)
        assert s.d.shown(1)
        equal(s.d.stop(s.p), 0)


def test_slow_agent():
    """The version in two pieces, and nothing for a while."""
    with desktop() as d:
        a = Agent(d.vchan, 5)
        p = d.guid(*mode_args())
        a.accept()
        a.sock.sendall(b"\x08\x00")
        time.sleep(0.2)
        a.sock.sendall(b"\x01\x00")
        a.side, _ = a.side_listener.accept()
        equal(len(a._exactly(20)), 20)
        a.show(1, 10, 10, 50, 50, GREEN)
        assert d.shown(1)
        equal(d.stop(p), 0)
        a.close()


def test_signals():
    for sig in (signal.SIGTERM, signal.SIGUSR1):
        with scene() as s:
            s.a.show(1, 100, 100, 50, 50, GREEN)
            equal(s.d.stop(s.p, sig), 0)
            assert s.d.wait(lambda: not s.d.find_now("work", 1)), "windows stay"
    with scene() as s:
        s.p.send_signal(signal.SIGHUP)
        s.alive()


def test_killed_supervisor_takes_worker():
    with scene() as s:
        s.a.show(1, 100, 100, 50, 50, GREEN)
        assert s.d.shown(1)
        s.p.kill()
        s.p.wait()
        assert s.d.wait(lambda: not s.d.find_now("work", 1))
        # A stale pid file does not keep the next one away.
        s.a.close()
        s.p, s.a = s.d.session(*mode_args())
        s.alive()


def test_killed_worker():
    with scene() as s:
        os.kill(worker_of(s.p), signal.SIGSEGV)
        s.fatal()


def test_only_one():
    with scene() as s:
        p2 = s.d.guid()
        equal(p2.wait(timeout=120), 0, "status of the second")
        s.alive()


def test_background_and_log():
    with desktop() as d:
        a = Agent(d.vchan, 5)
        p = d.guid(*mode_args(), fore=False)
        a.handshake()
        equal(p.wait(timeout=120), 0, "the starter")
        with open(d.path("run/qubes/guid-running.5")) as f:
            pid = int(f.read())

        def logged():
            with open(d.path("var/log/qubes/guid.work.log")) as f:
                return "connected" in f.read()
        assert d.wait(logged)
        a.show(1, 100, 100, 50, 50, GREEN)
        assert d.shown(1)
        os.kill(pid, signal.SIGTERM)
        assert d.wait(lambda: not os.path.exists(d.path("run/qubes/guid-running.5")))
        a.close()


def pid_of(d):
    """The daemon in the background, as soon as it says who it is."""
    def read():
        try:
            with open(d.path("run/qubes/guid-running.5")) as f:
                return int(f.read())
        except (FileNotFoundError, ValueError):
            return None
    return d.wait(read)


def test_background_timeouts():
    with desktop() as d:
        started = time.monotonic()
        p = d.guid(fore=False, config="startup_timeout = 1;")
        equal(p.wait(timeout=120), 1)
        assert time.monotonic() - started >= 0.9
        os.kill(pid_of(d), signal.SIGTERM)
        assert d.wait(lambda: not os.path.exists(d.path("run/qubes/guid-running.5")))
        p = d.guid("-n", fore=False)
        equal(p.wait(timeout=120), 0)
        os.kill(pid_of(d), signal.SIGTERM)
        assert d.wait(lambda: not os.path.exists(d.path("run/qubes/guid-running.5")))


def per_domain(d):
    """dom0's layout: a directory per domain."""
    directory = d.path("run/qubes/vchan/5")
    os.makedirs(directory)
    env = d.env
    d.env = lambda: {k: v for k, v in env().items() if k != "VCHAN_SOCKET_DIR"}
    d.vchan = directory
    return directory


def test_domain_gone():
    with desktop() as d:
        directory = per_domain(d)
        p, a = d.session(*mode_args())
        a.show(1, 100, 100, 50, 50, GREEN)
        assert d.shown(1)
        a.close()
        shutil.rmtree(directory)
        equal(p.wait(timeout=120), 0)
        # And one that never was.
        p = d.guid(*mode_args(), domid=9)
        equal(p.wait(timeout=120), 0)


def test_foreign_side_channel():
    """A socket that another domain's uid made is refused."""
    if os.getuid() != 0:
        return "needs root"
    with desktop() as d:
        directory = per_domain(d)
        base = 21 * 65536
        os.chown(directory, base, base)
        for user, wanted in ((base, None), (base + 5, None), (base + 65536, 1)):
            pid_read, pid_write = os.pipe()
            os.chmod(d.root_dir, 0o755)
            pid = os.fork()
            if pid == 0:
                os.close(pid_read)
                try:
                    b = Agent(directory, 5, side_channel=False)
                    os.chmod(b.paths[0], 0o777)
                    os.chown(directory, user, user)
                    os.setegid(user)
                    os.seteuid(user)
                    side = Agent._listen(os.path.join(directory, "vchan.5.0.6000.fds.sock"), 5)
                    os.seteuid(0)
                    os.setegid(0)
                    os.chown(directory, base, base)
                    # The main channel is the domain's own in any case.
                    os.setegid(base)
                    os.seteuid(base)
                    b.listener.listen(1)
                    os.write(pid_write, b"r")
                    b.accept()
                    b.sock.sendall(struct.pack("<I", 0x10008))
                    side.accept()
                    time.sleep(300)
                finally:
                    os._exit(0)
            os.close(pid_write)
            try:
                equal(os.read(pid_read, 1), b"r", "the other side")
                p = d.guid(*mode_args())
                if wanted is None:
                    equal(lambda: "connected, protocol" in open(p.log_path).read(), True, user - base)
                    equal(d.stop(p), 0)
                else:
                    equal(p.wait(timeout=120), wanted, user - base)
                    assert "not the qube's own" in open(p.log_path).read()
                os.unlink(p.log_path)
            finally:
                os.close(pid_read)
                os.kill(pid, signal.SIGKILL)
                os.waitpid(pid, 0)
    return None


def test_x_server_dies():
    with scene() as s:
        s.a.show(1, 100, 100, 50, 50, GREEN)
        s.d.shown(1)
        s.d.xserver.kill()
        assert s.p.wait(timeout=120) == 1


def test_no_display():
    r = subprocess.run([BIN, "-d", "5", "-N", "w", "-f"], stderr=subprocess.PIPE, timeout=150,
                       env={"DISPLAY": ":4999", "QUBES_ROOT": "/nonexistent"}, check=False)
    assert r.returncode == 1 and r.stderr


def test_screen_grows():
    with scene(size=(1280, 800)) as s:
        s.p.send_signal(signal.SIGHUP)
        s.alive()


def private_kb(pid):
    with open("/proc/%d/smaps_rollup" % pid) as f:
        return sum(int(line.split()[1]) for line in f if line.startswith("Private"))


# What a sanitizer keeps of memory that was freed, and of where it came from, is no leak of ours.
KEEP_NOTHING = ":quarantine_size_mb=0:thread_local_quarantine_size_kb=0:malloc_context_size=0"


@mock.patch.dict(os.environ, ASAN_OPTIONS=os.environ.get("ASAN_OPTIONS", "") + KEEP_NOTHING)
def test_nothing_leaks():
    """Windows, images and tokens come and go: descriptors and memory stay."""
    with scene() as s:
        pid = worker_of(s.p)

        def rounds(n):
            for i in range(n):
                b = s.a.show(1 + i % 7, 10, 10, 40 + i % 9, 40, GREEN, override=i % 2,
                             title="title %d" % i)
                s.a.send(131, 1 + i % 7)
                b.close()
            s.alive()
            return len(os.listdir("/proc/%d/fd" % pid)), private_kb(pid)

        rounds(100)
        files, memory = rounds(20)
        files2, memory2 = rounds(600)
        equal(files2, files, "descriptors")
        assert memory2 - memory < 150, (memory, memory2)


def test_log_is_limited():
    with scene() as s:
        since = time.monotonic()
        for _ in range(3000):
            s.a.send(140, 0, b"unasked")
        s.alive()
        # 200 at once and 20 each second, and as many that tell of those left out.
        limit = 2 * (210 + 20 * (time.monotonic() - since + 2))
        assert len(s.stderr().splitlines()) < limit, (len(s.stderr().splitlines()), limit)
        s.a.send(999, 0)
        assert "protocol error" in s.fatal()


def test_dialog_without_zenity():
    """xmessage, which every X has, takes its place."""
    with scene() as s:
        os.unlink(s.d.path("bin/zenity"))
        s.d._fake_program("xmessage", 'printf "%s\\n" "$*" >>"$GUITEST_LOG"; exit 11\n')
        s.a.create(1, 10, 10, 50, 50)
        s.a.flags(1, 3, 1)
        assert s.d.wait(lambda: "work" in s.d.dialogs())
        s.alive()
        s.d._fake_program("xmessage", 'exit 1\n')
        s.a.flags(1, 3, 1)
        s.fatal()
