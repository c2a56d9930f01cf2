#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""qubes-gui-agent between a real X server and an independent implementation of the daemon's
end. Prints TAP. test_agent.py AGENT [NAME...]"""
import contextlib
import importlib
import os
import signal
import sys

from qube import Qube, run_tests

MODULES = ("t_screen", "t_windows", "t_input", "t_clipboard", "t_life", "t_tray")


def main():
    agent, only = sys.argv[1], sys.argv[2:]
    server = "Xorg" if os.path.exists("/usr/lib/xorg/modules/drivers/dummy_drv.so") else "Xvfb"
    server = os.environ.get("QUBE_X") or server
    print("# X server of the qube: " + server)
    tests = [(n[5:], f) for m in MODULES for n, f in vars(importlib.import_module(m)).items()
             if n.startswith("test_") and (not only or n[5:] in only)]

    @contextlib.contextmanager
    def stage(said):
        q = Qube(agent, server)
        try:
            q.connect()
            yield (q,)
        finally:
            status, text = q.stop()
            said.append("agent (status %s):\n%s" % (status, text))
            assert status in (0, 1) and "ERROR: " not in text and "runtime error" not in text, "the agent failed"

    return run_tests(tests, stage)


if __name__ == "__main__":
    signal.signal(signal.SIGTERM, lambda *a: sys.exit(1))
    sys.exit(main())
