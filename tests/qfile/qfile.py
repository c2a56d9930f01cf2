#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Tests of qubes.Filecopy. Prints TAP. qfile.py [PATTERN...]: only tests of such a name."""
import importlib
import os
import sys
import tempfile
import time
import traceback

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import common  # pylint: disable=wrong-import-position

MODULES = ("t_hostile", "t_verdicts", "t_copies")


def run(number, what, f):
    started = time.monotonic()
    try:
        f()
        line = "ok %d - %s" % (number, what)
    except Exception:  # pylint: disable=broad-except
        line = "not ok %d - %s" % (number, what)
        print("\n".join("# " + t for t in traceback.format_exc().splitlines()))
    print("%s\n# %.2f s" % (line, time.monotonic() - started), flush=True)
    return line.startswith("ok")


def main():
    number = failed = 0
    common.TOP = tempfile.mkdtemp(prefix="qfile-test.")
    os.chmod(common.TOP, 0o755)
    try:
        for name in MODULES:
            for what, f in importlib.import_module(name).tests():
                full = "%s: %s" % (name[2:], what)
                if not sys.argv[1:] or any(p in full for p in sys.argv[1:]):
                    number += 1
                    failed += not run(number, full, f)
    finally:
        common.end_all()
        common.clean(common.TOP)
    print("1..%d" % number)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
