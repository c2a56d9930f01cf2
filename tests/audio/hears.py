#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""hears.py SOURCE HERTZ: succeeds when a source of $PULSE_SERVER gives that tone."""
import os
import subprocess
import sys

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
os.environ.setdefault("AUDIO_BIN", "")
from common import strength

parec = subprocess.Popen(["parec", "--raw", "--format=s16le", "--rate=44100", "--channels=2", "--latency-msec=20",
                          "-d", sys.argv[1]], stdout=subprocess.PIPE)
try:
    heard = parec.stdout.read(176400)
finally:
    parec.kill()
    parec.wait()
print(strength(heard, int(sys.argv[2])))
sys.exit(strength(heard, int(sys.argv[2])) < 0.5)
