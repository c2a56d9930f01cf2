# SPDX-License-Identifier: GPL-2.0-or-later
"""What the tests of audio stand on: sound servers, our two programs, tones and ears."""
import array
import math
import os
import shutil
import signal
import socket
import struct
import subprocess
import tempfile
import threading
import time

BIN = os.environ["AUDIO_BIN"]
RATE = 44100
PATIENCE = 150  # seconds; for a machine that does a lot else
START, STOP, CORK, UNCORK = 0x10001, 0x10000, 0x20000, 0x20001


def wait_for(what, check, seconds=PATIENCE):
    """The first true value of check(); it is an error when there is none in time."""
    end = time.monotonic() + seconds
    while True:
        value = check()
        if value:
            return value
        if time.monotonic() > end:
            raise AssertionError(f"{what}: not within {seconds} s")
        time.sleep(0.02)


def listens(path):
    """Whether somebody can connect: a socket's file is there a moment before."""
    with socket.socket(socket.AF_UNIX) as s:
        try:
            s.connect(path)
            return True
        except OSError:
            return False


def tone(hertz):
    """A second of it, which can be repeated."""
    out = array.array("h")
    for i in range(RATE):
        v = int(12000 * math.sin(2 * math.pi * hertz * i / RATE))
        out.append(v)
        out.append(v)
    return out.tobytes()


def strength(samples, hertz):
    """How much of what is to be heard is a tone: 0 to 1, other tones and noise at most 0.25. Left channel. A wave
    is told by three points of it a quarter of its length apart, so that the gaps and jumps, of which a loaded
    machine makes many, count for next to nothing."""
    left = array.array("h", samples[: len(samples) // 4 * 4])[::2]
    apart = round(RATE / hertz / 4)
    k = 2 * math.cos(2 * math.pi * hertz * apart / RATE)
    little = max(map(abs, left), default=0) / 10
    heard = fits = 0
    for before, now, after in zip(left[::2], left[apart::2], left[2 * apart::2]):
        if max(abs(before), abs(now), abs(after)) > little:
            heard += 1
            fits += abs(before + after - k * now) < little
    return fits / heard if heard > RATE // 1000 else 0.0


def loud(samples):
    return any(samples)


class Process:
    """A program with its output in a file, ended with the test."""

    def __init__(self, lab, name, argv, env=None, **more):
        self.log = os.path.join(lab.dir, name + ".log")
        base = {k: v for k, v in os.environ.items()
                if not k.startswith(("PULSE_", "VCHAN_", "XDG_", "QUBES_")) or k == "QUBES_NO_SECCOMP"}
        for gone in ("DISPLAY", "DBUS_SESSION_BUS_ADDRESS"):
            base.pop(gone, None)
        with open(self.log, "ab") as log:
            self.p = subprocess.Popen(argv, env={**base, **(env or {})}, stderr=log,
                                      **{"stdout": log, "stdin": subprocess.DEVNULL, **more})
        lab.processes.append(self)

    def said(self, text):
        with open(self.log, errors="replace") as f:
            return text in f.read()

    def alive(self):
        return self.p.poll() is None

    def end(self, how=signal.SIGTERM):
        if self.alive():
            self.p.send_signal(how)
        try:
            self.p.wait(PATIENCE)
        except subprocess.TimeoutExpired:
            self.p.kill()
            self.p.wait()
            raise AssertionError("did not end when told to")
        return self.p.returncode


class Server:
    """A sound server of one side: PulseAudio, or PipeWire."""

    def __init__(self, lab, name, sinks=(), pipewire=False):
        self.lab, self.name, self.sinks, self.pipewire = lab, name, sinks, pipewire
        self.home = os.path.join(lab.dir, name)
        os.makedirs(self.home, mode=0o700, exist_ok=True)
        self.socket = os.path.join(self.home, "pulse/native" if pipewire else "native")
        self.env = {"HOME": self.home, "XDG_RUNTIME_DIR": self.home, "LC_ALL": "C",
                    "PULSE_SERVER": "unix:" + self.socket}
        self.start()

    def start(self):
        if self.pipewire:
            self.parts = self.start_pipewire()
        else:
            argv = ["pulseaudio", "-n", "--daemonize=no", "--use-pid-file=no", "--exit-idle-time=-1",
                    "--realtime=no", "--high-priority=no",
                    # PulseAudio counts shared blocks wrongly when clients are killed, and aborts.
                    "--disable-shm=yes",
                    "-L", f"module-native-protocol-unix socket={self.socket} auth-anonymous=1",
                    "-L", "module-suspend-on-idle timeout=1"]
            for sink in self.sinks:
                argv += ["-L", f"module-null-sink sink_name={sink} rate={RATE}"]
            self.parts = [Process(self.lab, self.name + "-pulseaudio", argv, self.env)]
        wait_for(f"sound server of {self.name}", lambda: self.ctl("info", check=False))

    def start_pipewire(self):
        bus = os.path.join(self.home, "bus")
        env = {"HOME": self.home, "XDG_RUNTIME_DIR": self.home, "LC_ALL": "C",
               "DBUS_SESSION_BUS_ADDRESS": "unix:path=" + bus}
        parts = [Process(self.lab, "bus", ["dbus-daemon", "--session", "--nofork",
                                           "--address=unix:path=" + bus], env)]
        wait_for("session bus", lambda: listens(bus))
        parts.append(Process(self.lab, "pipewire", ["pipewire"], env))
        wait_for("pipewire", lambda: listens(os.path.join(self.home, "pipewire-0")))
        parts.append(Process(self.lab, "wireplumber", ["wireplumber"], env))
        parts.append(Process(self.lab, "pipewire-pulse", ["pipewire-pulse"], env))
        return parts

    def stop(self, how=signal.SIGTERM):
        for part in reversed(self.parts):
            part.end(how)

    def ctl(self, *args, check=True):
        r = subprocess.run(["pactl", *args], env={**os.environ, **self.env}, stdin=subprocess.DEVNULL,
                           capture_output=True, text=True, timeout=PATIENCE)
        if check and r.returncode:
            raise AssertionError(f"pactl {args}: {r.stderr}")
        return r.stdout if r.returncode == 0 else ""

    def set_default(self, kind, name):
        """Of sinks or sources. PipeWire has what was loaded a moment later."""
        def done():
            self.ctl("set-default-" + kind, name, check=False)
            return self.ctl("get-default-" + kind, check=False).strip() == name
        wait_for(f"{name} as the default {kind}", done)

    def streams(self, kind="sink-inputs"):
        """The properties of each stream, as text, of those that belong to qubes-audiod."""
        all_ = self.ctl("list", kind, check=False).split("\n\n")
        return [s for s in all_ if 'process.binary = "qubes-audiod"' in s]

    def play(self, samples, sink):
        """Plays in the background, over and over, until it is ended."""
        player = Process(self.lab, "pacat", ["pacat", "-p", "--raw", "--format=s16le", "--rate=44100",
                                             "--channels=2", "--latency-msec=20", "-d", sink],
                         self.env, stdin=subprocess.PIPE)

        def feed():
            try:
                while True:
                    player.p.stdin.write(samples)
            except (OSError, ValueError):
                pass
        threading.Thread(target=feed, daemon=True).start()
        return player

    def listen(self, source):
        wait_for(source, lambda: source in self.ctl("list", "short", "sources", check=False).split())
        return Ear(self, source)


class Ear:
    """Records from a source into memory."""

    def __init__(self, server, source):
        self.path = os.path.join(server.lab.dir, f"heard-{len(server.lab.processes)}.raw")
        with open(self.path, "wb") as out:
            self.process = Process(server.lab, "parec", ["parec", "--raw", "--format=s16le", "--rate=44100",
                                                         "--channels=2", "--latency-msec=20", "-d", source],
                                   server.env, stdout=out)

    def heard(self):
        with open(self.path, "rb") as f:
            return f.read()

    def last(self, seconds):
        data = self.heard()
        n = int(RATE * seconds) * 4
        return data[len(data) // 4 * 4 - n:] if len(data) >= n else b""

    def hears(self, hertz, seconds=0.3, at_least=0.5):
        """Whether the last of it is that tone."""
        last = self.last(seconds)
        return bool(last) and strength(last, hertz) >= at_least

    def end(self):
        self.process.end()


class Lab:
    """A folder, and what runs in it."""

    def __init__(self):
        self.dir = tempfile.mkdtemp(prefix="audio-test-")
        self.vchan = os.path.join(self.dir, "vchan")
        self.root = os.path.join(self.dir, "root")
        self.run = os.path.join(self.root, "run/qubes")
        os.makedirs(self.vchan)
        os.makedirs(self.run)
        self.processes = []

    def __enter__(self):
        return self

    def __exit__(self, kind, *rest):
        for p in reversed(self.processes):
            if p.alive():
                p.p.kill()
                p.p.wait()
        if kind:
            for log in sorted({p.log for p in self.processes}):
                with open(log, errors="replace") as f:
                    lines = f.read().splitlines()[-12:]
                for line in lines:
                    print(f"# {os.path.basename(log)}: {line}")
        shutil.rmtree(self.dir, ignore_errors=True)

    def audiod(self, server, *options, name="work", domain=5):
        env = {**server.env, "VCHAN_SOCKET_DIR": self.vchan, "VCHAN_DOMAIN": "0", "QUBES_ROOT": self.root}
        return Process(self, "audiod", [os.path.join(BIN, "pacat-simple-vchan"), "-l", "-v", *options,
                                        str(domain), name], env)

    def pid_file_of(self, daemon, domain=5):
        """Waits until it says that it is that daemon's."""
        def same():
            try:
                with open(self.run + f"/pacat.{domain}") as f:
                    return f.read() == f"{daemon.p.pid}\n"
            except FileNotFoundError:
                return False
        wait_for("the pid file", same)

    def agent(self, server, domain=5):
        env = {**server.env, "VCHAN_SOCKET_DIR": self.vchan, "VCHAN_DOMAIN": str(domain)}
        return Process(self, "agent", [os.path.join(BIN, "qubes-audio-agent"), "-v"], env)

    def attach(self, yes, name="work"):
        """What qubesd does, in its way: a new file takes the place of the old one."""
        folder = os.path.join(self.run, "audio-input-config")
        os.makedirs(folder, exist_ok=True)
        with open(os.path.join(self.dir, "new"), "w") as f:
            f.write("1" if yes else "0")
        os.rename(os.path.join(self.dir, "new"), os.path.join(folder, name))

    def told(self, kind, name="work"):
        try:
            with open(os.path.join(self.run, kind, name)) as f:
                return f.read()
        except FileNotFoundError:
            return ""


class Qube:
    """A stand-in for any audio agent, byte by byte: the servers of both channels."""

    def __init__(self, lab, domain=5):
        self.paths = [os.path.join(lab.vchan, f"vchan.{domain}.0.{port}.sock") for port in (4713, 4714)]
        self.servers = []
        for path in self.paths:
            if os.path.exists(path):
                os.unlink(path)
            s = socket.socket(socket.AF_UNIX)
            s.bind(path)
            s.listen(4)
            s.settimeout(PATIENCE)
            self.servers.append(s)
        self.play = self.record = None

    def accept(self):
        self.play, self.record = (s.accept()[0] for s in self.servers)
        for s in (self.play, self.record):
            s.settimeout(PATIENCE)
        return self

    def say(self, *words):
        self.record.sendall(struct.pack(f"<{len(words)}I", *words))

    def hang_up(self):
        for s in (self.play, self.record):
            if s:
                s.close()

    def close(self):
        self.hang_up()
        for s in self.servers:
            s.close()
        for path in self.paths:
            if os.path.exists(path):
                os.unlink(path)


class Player:
    """A stand-in for any audio daemon: the clients of both channels."""

    def __init__(self, lab, domain=5):
        self.socks = []
        for port in (4713, 4714):
            s = socket.socket(socket.AF_UNIX)
            s.settimeout(PATIENCE)
            path = os.path.join(lab.vchan, f"vchan.{domain}.0.{port}.sock")

            def connected(s=s, path=path):
                try:
                    s.connect(path)
                    return True
                except OSError:
                    return False
            wait_for(path, connected)
            self.socks.append(s)
        self.play, self.record = self.socks

    def command(self):
        data = b""
        while len(data) < 4:
            got = self.record.recv(4 - len(data))
            if not got:
                return None
            data += got
        return struct.unpack("<I", data)[0]

    def close(self):
        for s in self.socks:
            s.close()


def status(pid, field):
    with open(f"/proc/{pid}/status") as f:
        for line in f:
            if line.startswith(field + ":"):
                return line.split()[1]
    return None


def cpu_seconds(pid):
    with open(f"/proc/{pid}/stat") as f:
        parts = f.read().rsplit(")", 1)[1].split()
    return (int(parts[11]) + int(parts[12])) / os.sysconf("SC_CLK_TCK")
