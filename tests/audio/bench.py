# SPDX-License-Identifier: GPL-2.0-or-later
"""Latency and CPU time of audio; the reference is a program that plays in dom0 itself."""
import os
import statistics
import sys
import time

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from common import Lab, Server, cpu_seconds, loud, tone, wait_for

RUNS = 7
STREAM_S = 10


def delay(server, sink, ear):
    """From starting a player to hearing it, in milliseconds; its start is in it both times."""
    wait_for("silence", lambda: len(ear.last(0.5)) and not loud(ear.last(0.5)))
    at = len(ear.heard()) // 4 * 4
    begin = time.monotonic()
    player = server.play(tone(1000), sink)
    wait_for("the tone", lambda: loud(ear.heard()[at:]))
    late = time.monotonic() - begin
    player.end()
    return late * 1000


def main():
    with Lab() as lab:
        dom0, vm = Server(lab, "dom0", ["speaker"]), Server(lab, "vm")
        daemon, agent = lab.audiod(dom0), lab.agent(vm)
        wait_for("the stream", lambda: dom0.streams())
        wait_for("the sink", lambda: "vchan_output" in vm.ctl("list", "short", "sinks"))
        ear = dom0.listen("speaker.monitor")
        local = statistics.median(delay(dom0, "speaker", ear) for _ in range(RUNS))
        ours = statistics.median(delay(vm, "vchan_output", ear) for _ in range(RUNS))
        print(f"{'sound of a qube, started to heard:':<52} {ours:9.1f} ms  (x{ours / local:.1f} of a program in dom0)")
        player = vm.play(tone(1000), "vchan_output")
        wait_for("the tone", lambda: ear.hears(1000, at_least=0.6))
        pids = [daemon.p.pid, agent.p.pid, dom0.parts[0].p.pid, vm.parts[0].p.pid]
        before = [cpu_seconds(p) for p in pids]
        time.sleep(STREAM_S)
        used = [(cpu_seconds(p) - b) / STREAM_S * 100 for p, b in zip(pids, before)]
        player.end()
        both = used[0] + used[1]
        print(f"{'a stream, daemon and agent:':<52} {both:9.1f} % of a core"
              f"  (x{both / max(0.1, used[2] + used[3]):.1f} of both sound servers)")


main()
