# SPDX-License-Identifier: GPL-2.0-or-later
"""Tests of audio, printed as TAP. With names as arguments: only those."""
import os
import signal
import sys
import time
import traceback

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from common import (CORK, PATIENCE, RATE, START, STOP, UNCORK, Lab, Player, Qube, Server, cpu_seconds,
                    loud, status, strength, tone, wait_for)

# Of a tone that is there, through whatever a loaded machine leaves out of it.
MOSTLY = 0.5
QUIET_S = 1.0


def dom0_of(lab):
    server = Server(lab, "dom0", ["speaker", "room"])
    server.set_default("sink", "speaker")
    server.ctl("load-module", "module-remap-source", "master=room.monitor", "source_name=microphone")
    server.set_default("source", "microphone")
    return server


def corked(server, how):
    return [s for s in server.streams() if f"Corked: {how}" in s]


def devices_of(vm):
    """Waits until the agent has made them."""
    wait_for("the qube's devices", lambda: "vchan_output" in vm.ctl("list", "short", "sinks") and
             "vchan_input" in vm.ctl("list", "short", "sources"))


def end_to_end(lab, pipewire):
    """A tone played in the qube is in dom0's speaker; the microphone only while attached."""
    dom0, vm = dom0_of(lab), Server(lab, "vm", pipewire=pipewire)
    daemon, agent = lab.audiod(dom0), lab.agent(vm)
    wait_for("the stream of the qube", lambda: dom0.streams())
    devices_of(vm)

    ear = dom0.listen("speaker.monitor")
    player = vm.play(tone(1000), "vchan_output")
    wait_for("the tone in dom0", lambda: ear.hears(1000, at_least=MOSTLY))
    stream = dom0.streams()[0]
    assert 'application.name = "work"' in stream and 'media.name = "work"' in stream, stream
    player.end()
    wait_for("rest", lambda: corked(dom0, "yes"))
    wait_for("quiet", lambda: len(ear.last(QUIET_S)) and not loud(ear.last(QUIET_S)))
    player = vm.play(tone(700), "vchan_output")
    wait_for("the second tone", lambda: ear.hears(700, at_least=MOSTLY))
    player.end()
    ear.end()

    assert lab.told("audio-input-request") == "0", "nobody records"
    voice = dom0.play(tone(500), "room")
    ear = vm.listen("vchan_input")
    wait_for("the request", lambda: lab.told("audio-input-request") == "1")
    # Silence comes all the same, or programs would wait for ever.
    wait_for("a second of silence", lambda: len(ear.heard()) > RATE * 4)
    assert not loud(ear.heard()), "the microphone is not attached"
    assert not dom0.streams("source-outputs"), "nothing records in dom0"
    lab.attach(True)
    wait_for("the voice", lambda: ear.hears(500, at_least=MOSTLY))
    assert lab.told("audio-input") == "1"
    lab.attach(False)
    wait_for("no recording in dom0", lambda: not dom0.streams("source-outputs"))
    wait_for("silence again", lambda: not loud(ear.last(QUIET_S)))
    assert lab.told("audio-input") == "0"
    ear.end()
    wait_for("no request", lambda: lab.told("audio-input-request") == "0")
    voice.end()
    assert daemon.alive() and agent.alive()
    assert agent.end() == 0 and daemon.end() == 0
    assert not os.path.exists(lab.run + "/pacat.5"), "its pid file goes"
    wait_for("the qube's devices taken away", lambda: "vchan" not in vm.ctl("list", "short", "sinks"))


def t_pulseaudio(lab):
    """PulseAudio in the qube: the tone is heard in dom0, the microphone only while attached"""
    end_to_end(lab, False)


def t_pipewire(lab):
    """PipeWire in the qube: the same"""
    end_to_end(lab, True)


def t_pipewire_dom0(lab):
    """PipeWire in dom0: a stand-in agent's tone is heard, and the microphone while it is attached"""
    dom0 = Server(lab, "dom0", pipewire=True)
    for sink in "speaker", "room":
        dom0.ctl("load-module", "module-null-sink", "sink_name=" + sink)
    dom0.set_default("sink", "speaker")
    lab.audiod(dom0)
    qube = Qube(lab).accept()
    ear = dom0.listen("speaker.monitor")
    keep_playing(qube, 1000, lambda: ear.hears(1000, at_least=MOSTLY))
    dom0.play(tone(500), "room")
    qube.say(START)
    wait_for("the request", lambda: lab.told("audio-input-request") == "1")
    assert not dom0.streams("source-outputs"), "nothing records in dom0"
    dom0.ctl("load-module", "module-remap-source", "master=room.monitor", "source_name=microphone")
    dom0.set_default("source", "microphone")
    lab.attach(True)
    got, end = b"", time.monotonic() + PATIENCE
    while strength(got[-RATE * 2:], 500) < MOSTLY:
        assert time.monotonic() < end, "the voice"
        got += qube.record.recv(65536)
    qube.close()


def keep_playing(qube, hertz, until, seconds=PATIENCE):
    """A qube plays a tone until something holds. It blocks like any writer: the pace is dom0's."""
    block, end = tone(hertz), time.monotonic() + seconds
    qube.play.settimeout(0.2)
    sent = 0
    while not until():
        assert time.monotonic() < end, "in time"
        try:
            sent += qube.play.send(block[sent % len(block):sent % len(block) + 4000])
        except TimeoutError:
            pass
    qube.play.settimeout(PATIENCE)


def t_protocol_dom0(lab):
    """What a stand-in for upstream's agent sends and gets, byte by byte"""
    dom0 = dom0_of(lab)
    daemon = lab.audiod(dom0, "-i", "appvm-red", "-V", "40")
    qube = Qube(lab).accept()
    # A frame in pieces, and an uneven number of bytes.
    for piece in (b"\1", b"\2\3", b"\4" * 5):
        qube.play.sendall(piece)
        time.sleep(0.02)
    ear = dom0.listen("speaker.monitor")
    keep_playing(qube, 1000, lambda: ear.hears(1000, at_least=MOSTLY))
    stream = dom0.streams()[0]
    assert 'icon_name = "appvm-red"' in stream and "40%" in stream, stream
    # Corked once all has been played; a word may come in pieces, unknown ones are ignored.
    for byte in CORK.to_bytes(4, "little"):
        qube.record.send(bytes([byte]))
        time.sleep(0.01)
    wait_for("corked", lambda: corked(dom0, "yes"))
    qube.say(0xdeadbeef, UNCORK)
    wait_for("uncorked", lambda: corked(dom0, "no"))
    keep_playing(qube, 800, lambda: ear.hears(800, at_least=MOSTLY))
    # The microphone: asked for and not attached, attached and asked for, not asked for.
    dom0.play(tone(500), "room")
    qube.say(START)
    wait_for("the request", lambda: lab.told("audio-input-request") == "1")
    qube.record.settimeout(QUIET_S)
    try:
        got = qube.record.recv(1)
        assert False, f"{len(got)} bytes without a microphone"
    except TimeoutError:
        pass
    qube.record.settimeout(PATIENCE)
    lab.attach(True)
    got = b""
    while not loud(got):
        got = qube.record.recv(65536)
        assert got, "the channel stays open"
    qube.say(STOP)
    wait_for("the end of the request", lambda: lab.told("audio-input-request") == "0")
    wait_for("a corked recording", lambda: any("Corked: yes" in s for s in dom0.streams("source-outputs")))
    lab.attach(False)
    wait_for("no recording", lambda: not dom0.streams("source-outputs"))
    qube.close()
    assert daemon.alive()


def t_protocol_qube(lab):
    """What the agent sends to a stand-in for upstream's daemon, and takes from it"""
    vm = Server(lab, "vm")
    agent = lab.agent(vm)
    player = Player(lab)
    assert player.command() == CORK, "nobody plays"
    devices_of(vm)
    program = vm.play(tone(1000), "vchan_output")
    assert player.command() == UNCORK
    got = b""
    while not loud(got[-4000:]):
        more = player.play.recv(65536)
        assert more, "the channel stays open"
        got += more
    program.end()
    ear = vm.listen("vchan_input")
    # What is heard uncorks, rest corks: they take turns, however often.
    corked = False
    while (command := player.command()) != START:
        assert command == (UNCORK if corked else CORK), command
        corked = not corked
    wait_for("silence", lambda: len(ear.heard()) > RATE)
    assert not loud(ear.heard())
    voice, sent = tone(600), 0
    end = time.monotonic() + PATIENCE
    begin = time.monotonic()
    while not ear.hears(600, at_least=MOSTLY):
        assert time.monotonic() < end
        due = int((time.monotonic() - begin) * RATE) * 4
        while sent < due:
            sent += player.record.send(voice[sent % len(voice):][:due - sent])
        time.sleep(0.01)
    ear.end()
    while True:
        command = player.command()
        assert command, "the channel stays open"
        if command == STOP:
            break
    # A new daemon is served like the first.
    player.close()
    player = Player(lab)
    assert player.command() == CORK
    player.close()
    assert agent.alive()


def t_no_microphone(lab):
    """What others play is no microphone, though it be the default source"""
    dom0 = dom0_of(lab)
    daemon = lab.audiod(dom0)
    qube = Qube(lab).accept()
    lab.attach(True)
    qube.say(START)
    dom0.play(tone(500), "room")
    got = b""
    while not loud(got):
        got = qube.record.recv(65536)
        assert got, "the channel stays open"
    dom0.set_default("source", "speaker.monitor")
    dom0.ctl("unload-module", "module-remap-source")
    wait_for("that to be said", lambda: daemon.said("not a microphone"))
    # What is still on its way from the microphone, which a busy machine brings late.
    qube.record.settimeout(QUIET_S)
    end = time.monotonic() + PATIENCE
    try:
        while qube.record.recv(65536):
            assert time.monotonic() < end, "what others play is not a microphone"
    except TimeoutError:
        pass
    dom0.play(tone(700), "speaker")
    qube.record.settimeout(3)
    try:
        assert False, f"{len(qube.record.recv(65536))} bytes of what others play"
    except TimeoutError:
        pass
    dom0.ctl("load-module", "module-remap-source", "master=room.monitor", "source_name=microphone")
    dom0.set_default("source", "microphone")
    qube.record.settimeout(PATIENCE)
    got = b""
    while not loud(got):
        got = qube.record.recv(65536)
        assert got, "the channel stays open"
    qube.close()


def t_restarts(lab):
    """Either end, and both sound servers, may go and come back"""
    dom0, vm = dom0_of(lab), Server(lab, "vm")
    daemon, agent = lab.audiod(dom0), lab.agent(vm)

    def works(what, hertz):
        wait_for("the sink", lambda: "vchan_output" in vm.ctl("list", "short", "sinks", check=False))
        wait_for("the stream", lambda: dom0.streams())
        ear = dom0.listen("speaker.monitor")
        program = vm.play(tone(hertz), "vchan_output")
        wait_for(what, lambda: ear.hears(hertz, at_least=MOSTLY))
        program.end()
        ear.end()

    works("a tone", 1000)
    agent.end(signal.SIGKILL)
    wait_for("no stream without an agent", lambda: not dom0.streams())
    agent = lab.agent(vm)
    works("a tone of the next agent", 900)
    daemon.end(signal.SIGKILL)
    daemon = lab.audiod(dom0)
    works("a tone by the next daemon", 800)
    dom0.stop(signal.SIGKILL)
    dom0.start()
    dom0.set_default("sink", "speaker")
    works("a tone by dom0's next sound server", 700)
    vm.stop(signal.SIGKILL)
    vm.start()
    works("a tone by the qube's next sound server", 600)
    assert daemon.alive() and agent.alive()


def t_hostile(lab):
    """A qube that floods, stalls, talks nonsense, or hangs up all the time costs little"""
    dom0 = dom0_of(lab)
    daemon = lab.audiod(dom0)
    qube = Qube(lab).accept()
    wait_for("the stream", lambda: dom0.streams())
    # Words without end, of every kind; samples without end, nobody to take what is recorded.
    lab.attach(True)
    words = b"".join(w.to_bytes(4, "little") for w in (START, STOP, CORK, UNCORK, 0xffffffff, 7)) * 500
    qube.play.setblocking(False)
    qube.record.setblocking(False)
    begin, used = time.monotonic(), cpu_seconds(daemon.p.pid)
    taken = 0
    while time.monotonic() - begin < 4:
        for s in (qube.play, qube.record):
            try:
                n = s.send(words if s is qube.record else b"\x55" * 65536)
                taken += n if s is qube.record else 0
            except BlockingIOError:
                time.sleep(0.001)
    seconds, used = time.monotonic() - begin, cpu_seconds(daemon.p.pid) - used
    assert daemon.alive()
    assert used < seconds / 2, f"{used} s of CPU in {seconds} s"
    assert taken < 2 << 20, f"{taken} bytes of commands were read"
    assert int(status(daemon.p.pid, "VmRSS")) < 40000
    assert os.path.getsize(daemon.log) < 100000, "the log is not flooded"
    # It stops in the middle of a word, for good: the daemon is as it was.
    qube.record.close()
    qube.play.close()
    for _ in range(20):
        qube.accept()
        qube.record.send(b"\1\0")
        qube.hang_up()
    qube.accept()
    ear = dom0.listen("speaker.monitor")
    keep_playing(qube, 1000, lambda: ear.hears(1000, at_least=MOSTLY))
    qube.close()
    assert daemon.alive()
    assert status(daemon.p.pid, "Seccomp") in ("2", "0" if os.environ.get("QUBES_NO_SECCOMP") else "2")
    assert status(daemon.p.pid, "CapEff") == "0000000000000000"
    assert status(daemon.p.pid, "NoNewPrivs") == "1"


def t_no_server(lab):
    """Without a sound server in dom0 the qube's sound is taken at its pace, and dropped"""
    home = os.path.join(lab.dir, "nobody")
    os.makedirs(home)

    class Nobody:
        env = {"HOME": home, "XDG_RUNTIME_DIR": home, "PULSE_SERVER": "unix:" + home + "/native"}

    daemon = lab.audiod(Nobody)
    qube = Qube(lab).accept()
    block, sent = b"\1\0\1\0" * 1024, 0
    begin = time.monotonic()
    while sent < 3 * RATE * 4:
        sent += qube.play.send(block)
    # As much as fits on the way goes at once; the rest takes its time, and no program waits for ever.
    assert time.monotonic() - begin < PATIENCE
    assert daemon.alive()
    assert cpu_seconds(daemon.p.pid) < 1
    qube.close()


def t_one_per_qube(lab):
    """One daemon per qube; bad arguments; its log and pid file"""
    dom0 = dom0_of(lab)
    first = lab.audiod(dom0)
    lab.pid_file_of(first)
    second = lab.audiod(dom0)
    assert second.p.wait(PATIENCE) == 0 and first.alive()
    other = lab.audiod(dom0, name="personal", domain=6)
    lab.pid_file_of(other, 6)
    assert other.alive()
    bad = lab.audiod(dom0, "-V", "200")
    assert bad.p.wait(PATIENCE) == 1


TESTS = [t_protocol_dom0, t_protocol_qube, t_no_microphone, t_pulseaudio, t_pipewire, t_pipewire_dom0,
         t_restarts, t_hostile,
         t_no_server, t_one_per_qube]


def main():
    wanted = [t for t in TESTS if not sys.argv[1:] or t.__name__[2:] in sys.argv[1:]]
    failed = 0
    for i, test in enumerate(wanted, 1):
        begin, ok = time.monotonic(), True
        try:
            with Lab() as lab:
                test(lab)
        except Exception:
            ok = False
            for line in traceback.format_exc().splitlines():
                print("# " + line)
        failed += not ok
        print(f"{'ok' if ok else 'not ok'} {i} - audio: {test.__doc__} # {time.monotonic() - begin:.1f} s",
              flush=True)
    print(f"1..{len(wanted)}")
    return failed != 0


signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))  # what was started is ended first
sys.exit(main())
