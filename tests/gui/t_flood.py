# SPDX-License-Identifier: GPL-2.0-or-later
"""Random messages as fast as the daemon takes them. GUI_FLOOD: how many (10 million: some minutes),
GUI_SEED: others."""
import os
import subprocess

from common import desktop, equal, mode_args

COUNT = int(os.environ.get("GUI_FLOOD", "100000"))
FLOOD = os.path.join(os.path.dirname(os.environ.get("GUID_BIN", "build/bin/qubes-guid")), "../tests/gui-flood")
GROWTH_KB = 8192


def resident(pid):
    with open("/proc/%d/task/%d/children" % (pid, pid)) as f:
        pids = [pid] + [int(p) for p in f.read().split()]
    total = 0
    for p in pids:
        try:
            with open("/proc/%d/status" % p) as f:
                total += sum(int(line.split()[1]) for line in f if line.startswith("VmRSS"))
        except FileNotFoundError:
            pass  # a dialog that has ended
    return total


def test_flood():
    if not os.path.exists(FLOOD):
        return "gui-flood was not built"
    seed = int(os.environ.get("GUI_SEED", "1"))
    print("# %d messages, seed %d" % (COUNT, seed))
    with desktop() as d:
        flood = subprocess.Popen([FLOOD, d.vchan, "5", str(COUNT), str(seed)], stdin=subprocess.PIPE,
                                 stdout=subprocess.PIPE)
        equal(flood.stdout.readline(), b"ready\n")
        p = d.guid("-q", *mode_args())
        sizes = []
        for _ in range(2):
            taken = flood.stdout.readline()
            log = open(p.log_path).read()
            assert taken, "gui-flood ended with %d; the daemon said: %s" % (flood.wait(300), log[-3000:])
            print("# %d messages in %s ms" % (COUNT // 2, taken.decode().strip()))
            sizes.append(resident(p.pid))
            flood.stdin.write(b"on\n")
            flood.stdin.flush()
        equal(flood.wait(300), 0)
        equal(p.poll(), None, "the daemon ended: " + log[-3000:])
        assert "Sanitizer" not in log and "runtime error" not in log, log[-3000:]
        print("# resident after each: %s kB" % sizes)
        assert sizes[1] < sizes[0] + GROWTH_KB, "memory grows: %s" % sizes
    return None
