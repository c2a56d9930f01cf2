#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Figures of qubes-guid: start, memory, idle CPU, messages per second, and how soon a key is passed on while
300 windows send 100,000 updates a second. GUID_BIN: the daemon."""
import os
import statistics
import struct
import sys
import time

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from desktop import Agent, Desktop  # pylint: disable=wrong-import-position
from fakeagent import CREATE, DESTROY, KEYPRESS, SHMIMAGE  # pylint: disable=wrong-import-position


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


def key_times(d, a, window, n, feed):
    """Milliseconds from a key to its message, n times; feed() is called in between, and while waiting."""
    out = []
    for _ in range(n):
        begin = time.monotonic()
        while time.monotonic() < begin + 0.03:
            feed()
            a.poll(0.001)
        a.received = []
        begin = time.monotonic()
        d.keys(0x61)
        while not any(k == KEYPRESS and w == window for k, w, _ in a.received):
            feed()
            if not a.poll(0.002) or time.monotonic() > begin + 30:
                raise RuntimeError("no key")
        out.append((time.monotonic() - begin) * 1000)
    return sorted(out)


class Feed:
    """Updates, so many a second."""

    def __init__(self, agent, windows, per_second):
        self.a, self.per_second, self.sent, self.begin = agent, per_second, 0, time.monotonic()
        self.chunk = b"".join(struct.pack("<IIIiiII", SHMIMAGE, 1 + i % windows, 16, i % 50, i % 30, 10, 10)
                              for i in range(500))

    def __call__(self):
        if self.sent < (time.monotonic() - self.begin) * self.per_second:
            self.a.raw(self.chunk)
            self.sent += 500


def crowd():
    """300 windows."""
    d = Desktop()
    try:
        p, a = d.session("-q")
        for i in range(1, 301):
            a.show(i, 20 + 4 * (i % 250), 20 + 7 * (i // 10), 100, 80, 0x00ff00 + i)
            a.received = []
        d.focus(d.shown(300, "work"))
        time.sleep(0.5)
        print("300 windows: RSS %d kB, PSS %d kB, private %d kB" % memory(processes(p)))
        calm = key_times(d, a, 300, 30, lambda: None)
        feed = Feed(a, 300, 100000)
        before = ticks(processes(p))
        busy = key_times(d, a, 300, 60, feed)
        seconds = time.monotonic() - feed.begin
        print("key to message, 300 windows: %.2f ms (at most %.2f)" % (statistics.median(calm), calm[-1]))
        print("the same with %d updates/s: %.2f ms (at most %.2f), %.0f %% CPU" % (
            feed.sent / seconds, statistics.median(busy), busy[-1], (ticks(processes(p)) - before) / seconds))
        a.close()
    finally:
        d.close()


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
    crowd()


if __name__ == "__main__":
    main()
