#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Tests of qubes-guid through a fake agent and a private X server. Prints TAP.

gui.py [--wm-draws-frame] [PATTERN...]    only tests whose name contains a pattern
GUID_BIN: the daemon (build/bin/qubes-guid)
"""
import importlib
import os
import sys
import time
import traceback

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
MODULES = ("t_windows", "t_frames", "t_attacks", "t_input", "t_clipboard", "t_manager", "t_life",
           "t_tray")


def main():
    args = sys.argv[1:]
    framed = "--wm-draws-frame" not in args
    patterns = [a for a in args if not a.startswith("--")]
    sys.argv = sys.argv[:1]
    import common
    common.FRAMED = framed
    tests = []
    for name in MODULES:
        module = importlib.import_module(name)
        tests += [(name[2:] + "." + k[5:], v) for k, v in vars(module).items()
                  if k.startswith("test_")]
    tests = [t for t in tests if not patterns or any(p in t[0] for p in patterns)]
    suffix = "" if framed else " (--wm-draws-frame)"
    failed = 0
    for n, (name, f) in enumerate(tests, 1):
        started = time.monotonic()
        try:
            skip = f()
            line = "ok %d - %s%s%s" % (n, name, suffix, " # SKIP " + skip if skip else "")
        except Exception:  # pylint: disable=broad-except
            failed += 1
            line = "not ok %d - %s%s" % (n, name, suffix)
            for t in traceback.format_exc().splitlines():
                print("# " + t)
        print("%s" % line)
        print("# %.2f s" % (time.monotonic() - started), flush=True)
    print("1..%d" % len(tests))
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
