# SPDX-License-Identifier: GPL-2.0-or-later
PROGS += qubes-guid
qubes-guid_SRCS := $(addprefix guid/daemon/, main.c options.c config.c keyseq.c log.c \
	supervisor.c ipc.c jobs.c clipjobs.c clippolicy.c \
	worker.c confine.c link.c agent.c agentprops.c window.c withdraw.c remake.c props.c hints.c grow.c timers.c place.c stack.c geometry.c \
	paint.c damage.c image.c fdchan.c xconn.c xsetup.c xevents.c xwm.c clip.c tray.c scale.c delay.c \
	icon.c grants.c)
qubes-guid_PKGS := xcb xcb-randr xcb-shm libconfig
qubes-guid_DEPS := gui-clipboard gui-proto vchan sandbox base
MANPAGES += docs/man/qubes-guid.1
SYSTEM_TESTS += tests/gui/guid.sh

TEST_PROGS += gui-flood
gui-flood_SRCS := tests/gui/flood.c
gui-flood_DEPS := gui-proto base

TESTS += test-guid-daemon
test-guid-daemon_SRCS := tests/unit/test-guid-daemon.c \
	$(addprefix guid/daemon/, geometry.c keyseq.c options.c config.c fdchan.c \
	grants.c ipc.c)
test-guid-daemon_PKGS := glib-2.0 libconfig
test-guid-daemon_DEPS := gui-clipboard gui-proto vchan base

FUZZERS += fuzz-gui-daemon
fuzz-gui-daemon_SRCS := tests/fuzz/fuzz-gui-daemon.c \
	$(addprefix guid/daemon/, agent.c agentprops.c window.c withdraw.c remake.c props.c hints.c grow.c timers.c place.c stack.c geometry.c \
	paint.c image.c clip.c tray.c xevents.c xwm.c delay.c link.c grants.c)
fuzz-gui-daemon_DEPS := gui-proto base
