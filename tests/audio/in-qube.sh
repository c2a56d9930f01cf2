# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
#
# Part of slice.sh: work's sound in dom0, and the microphone. The players are dom0's, lent to the
# qube, which has the libraries.
dom0_pulse=unix:$QUBES_ROOT/run/user/pulse/native
sound() { PULSE_SERVER=$dom0_pulse PULSE_COOKIE=$QUBES_ROOT/home/.config/pulse/cookie timeout 60 "$@"; }
told() { [ "$(cat "$QUBES_ROOT/run/qubes/$1/work" 2>/dev/null)" = "$2" ]; }
has_stream() { sound pactl list "$1" | grep -q 'application.name = "work"'; }
no_stream() { sound pactl info && ! has_stream "$1"; }
hears() { sound "$tree/tests/audio/hears.py" "$(sound pactl get-default-sink).monitor" "$1"; }
lend() { qvm-run -p work "cat >~/$1 && chmod 755 ~/$1" <"$2" >/dev/null 2>&1; }
tone() { /usr/bin/python3 -c 'import array, math, sys
a = array.array("h")
for i in range(44100):
    a.extend([int(12000 * math.sin(2 * math.pi * 600 * i / 44100))] * 2)
sys.stdout.buffer.write(a.tobytes() * 10)'; }

check "an audio daemon for work" eventually 10 test -s "$QUBES_ROOT/run/qubes/pacat.$(qvm-prefs work xid)"
equal "no sound server before there is a sound" "" "$(in_vm work 'pgrep -x pulseaudio')"
lend pacat "$(command -v pacat)"
tone >"$QUBES_ROOT/tone"
# Without an end: nobody knows how long it takes to be heard.
while cat "$QUBES_ROOT/tone"; do :; done 2>/dev/null |
	qvm-run -p work '~/pacat -p --raw --format=s16le --rate=44100 --channels=2' >/dev/null 2>&1 &
player=$!
check "what work plays is a stream in dom0" eventually 15 has_stream sink-inputs
check "and is heard" eventually 10 hears 600
kill $player 2>/dev/null
wait $player 2>/dev/null
qvm-run -p work '~/pacat -r --raw --format=s16le --rate=44100 --channels=2 >/dev/null' </dev/null >/dev/null 2>&1 &
recorder=$!
check "work wants to record" eventually 10 told audio-input-request 1
check "and may not" no_stream source-outputs
check "the microphone is attached" qvm-device mic attach work dom0:mic
check "now it may" eventually 5 has_stream source-outputs
check "the microphone is detached" qvm-device mic detach work dom0:mic
check "and now it may not" eventually 5 no_stream source-outputs
kill $recorder 2>/dev/null
wait $recorder 2>/dev/null
in_vm work 'pkill -x pacat' >/dev/null
rm -f "$QUBES_ROOT/tone"
