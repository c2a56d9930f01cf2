#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Figures of qubes-guid: start, memory, idle CPU, messages per second. GUID_BIN: the daemon."""
import os
import statistics
import struct
import sys
import time

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from desktop import Agent, Desktop  # pylint: disable=wrong-import-position
from fakeagent import CREATE, DESTROY, SHMIMAGE  # pylint: disable=wrong-import-position


def processes(p):
    with open("/proc/%d/task/%d/children" % (p.pid, p.pid)) as f:
        return [p.pid] + [int(x) for x in f.read().split()]


def memory(pids):
    """RSS, PSS and private kB of all together."""
    total = {"Rss": 0, "Pss": 0, "Private_Dirty": 0, "Private_Clean": 0}
    for pid in pids:
        with open("/proc/%d/smaps_rollup" % pid) as f:
            for line in f:
                key = line.split(":")[0]
                if key in total:
                    total[key] += int(line.split()[1])
    return total["Rss"], total["Pss"], total["Private_Dirty"] + total["Private_Clean"]


def ticks(pids):
    n = 0
    for pid in pids:
        with open("/proc/%d/stat" % pid) as f:
            n += sum(int(x) for x in f.read().rsplit(")", 1)[1].split()[11:13])
    return n


def start_times(n):
    out = []
    for i in range(n):
        d = Desktop()
        try:
            a = Agent(d.vchan, 5)
            begin = time.monotonic()
            d.guid("-q")
            a.handshake()
            out.append((time.monotonic() - begin) * 1000)
            a.close()
        finally:
            d.close()
        del i
    return out


def rate(agent, chunk, per_chunk, chunks):
    """Messages per second, counted when the daemon has answered after all of them."""
    begin = time.monotonic()
    for _ in range(chunks):
        agent.raw(chunk)
        agent.poll(0)
        agent.received = []
    agent.create(0x7fffff, 0, 0, 5, 5)
    agent.send(DESTROY, 0x7fffff)
    agent.wait_for(DESTROY, 0x7fffff, timeout=60)
    return per_chunk * chunks / (time.monotonic() - begin)


def main():
    print("start to handshake: %.1f ms (median of 7)" % statistics.median(start_times(7)))
    d = Desktop()
    try:
        p, a = d.session("-q")
        for i in range(1, 11):
            a.show(i, 20 * i, 20 * i, 200, 150, 0x00ff00 + i)
        d.shown(10, "work")
        time.sleep(0.3)
        pids = processes(p)
        print("10 windows: RSS %d kB, PSS %d kB, private %d kB (two processes)" % memory(pids))
        before = ticks(pids)
        time.sleep(3)
        print("idle: %.1f %% CPU" % ((ticks(pids) - before) / 3))
        damage = b"".join(struct.pack("<IIIiiII", SHMIMAGE, 1 + i % 10, 16, i % 90, i % 70, 10, 10)
                          for i in range(1000))
        print("SHMIMAGE of 10x10: %d/s" % rate(a, damage, 1000, 1000))
        both = (struct.pack("<III", CREATE, 99, 24) + struct.pack("<iiIIII", 0, 0, 5, 5, 0, 0) +
                struct.pack("<III", DESTROY, 99, 0)) * 100
        print("CREATE and DESTROY: %d/s" % rate(a, both, 100, 200))
        a.close()
    finally:
        d.close()


if __name__ == "__main__":
    main()
