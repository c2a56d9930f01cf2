# SPDX-License-Identifier: GPL-2.0-or-later
# audio-core needs no sound server: unit tests and fuzzers link it.
LIBS += audio-core audio-pulse
audio-core_SRCS := guid/audio/audio-proto.c guid/audio/pcm.c
audio-core_DEPS := base
audio-pulse_SRCS := guid/audio/loop.c guid/audio/pulse.c guid/audio/log.c
audio-pulse_PKGS := libpulse
audio-pulse_DEPS := audio-core base

PROGS += qubes-audiod
qubes-audiod_SRCS := $(addprefix guid/audio/daemon/, main.c options.c link.c stream.c player.c \
	recorder.c microphone.c confine.c)
qubes-audiod_PKGS := libpulse
qubes-audiod_DEPS := audio-pulse audio-core qubesdb-client vchan sandbox base
# As upstream's session knows it.
qubes-audiod_LINKS := pacat-simple-vchan

PROGS += qubes-audio-agent
qubes-audio-agent_SRCS := $(addprefix guid/audio/agent/, main.c link.c devices.c outgoing.c \
	incoming.c)
qubes-audio-agent_PKGS := libpulse
qubes-audio-agent_DEPS := audio-pulse audio-core vchan base

TESTS += test-audio
test-audio_SRCS := tests/unit/test-audio.c guid/audio/daemon/options.c
test-audio_PKGS := glib-2.0
test-audio_DEPS := audio-core base

FUZZERS += fuzz-audio
fuzz-audio_SRCS := tests/fuzz/fuzz-audio.c
fuzz-audio_DEPS := audio-core base
SYSTEM_TESTS += tests/audio/audio.sh
MANPAGES += docs/man/qubes-audiod.1 docs/man/pacat-simple-vchan.1 docs/man/qubes-audio-agent.1
