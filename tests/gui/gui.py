#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Tests of qubes-guid through a fake agent and a private X server. Prints TAP.

gui.py [--own-frame | --wm-draws-frame] [PATTERN...]
    Both modes by default; only tests whose name contains a pattern.
GUID_BIN: the daemon (build/bin/qubes-guid)
GUI_MANAGERS: window managers to try besides the usual ones (marco kwin_x11)
"""
import importlib
import os
import signal
import sys
import time
import traceback

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import common  # pylint: disable=wrong-import-position

MODULES = ("t_windows", "t_frames", "t_attacks", "t_prompts", "t_input", "t_manager", "t_clipboard", "t_life",
           "t_tray", "t_hostile", "t_sizes", "t_destroyed", "t_flood")
# What cannot depend on who draws the frame is done once.
ONCE = ("clipboard.", "life.", "prompts.", "tray.", "attacks.memfd", "attacks.lengths", "attacks.unknown",
        "windows.options", "windows.config", "flood.")
# What a test returns that has no meaning in the mode it was called in: it is none there.
OTHER_MODE = ("for --wm-draws-frame", "the window manager draws it", "the window manager's business",
              "no frame")


def tests(patterns):
    for name in MODULES:
        for k, f in list(vars(importlib.import_module(name)).items()):
            full = name[2:] + "." + k[5:]
            if k.startswith("test_") and (not patterns or any(p in full for p in patterns)):
                yield full, f


def run(number, name, f):
    started = time.monotonic()
    suffix = "" if common.FRAMED else " (--wm-draws-frame)"
    try:
        skip = f()
        if skip in OTHER_MODE:
            return None
        line = "ok %d - %s%s%s" % (number, name, suffix, " # SKIP " + skip if skip else "")
    except Exception:  # pylint: disable=broad-except
        line = "not ok %d - %s%s" % (number, name, suffix)
        for t in traceback.format_exc().splitlines():
            print("# " + t)
    print("%s\n# %.2f s" % (line, time.monotonic() - started), flush=True)
    return line.startswith("ok")


def main():
    args = sys.argv[1:]
    patterns = [a for a in args if not a.startswith("--")]
    modes = [True, False]
    if "--own-frame" in args:
        modes = [True]
    if "--wm-draws-frame" in args:
        modes = [False]
    number, failed = 0, 0
    for framed in modes:
        common.FRAMED = framed
        for name, f in tests(patterns):
            if len(modes) > 1 and not framed and name.startswith(ONCE):
                continue
            result = run(number + 1, name, f)
            number += result is not None
            failed += result is False
    print("1..%d" % number)
    return 1 if failed or not number else 0


if __name__ == "__main__":
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))  # what was started is ended first
    sys.exit(main())
