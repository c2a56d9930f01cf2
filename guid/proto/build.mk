# SPDX-License-Identifier: GPL-2.0-or-later
LIBS += gui-proto
gui-proto_SRCS := guid/proto/gui-table.c guid/proto/gui-decode.c guid/proto/gui-encode.c \
	guid/proto/gui-reader.c guid/proto/gui-sanitize.c guid/proto/gui-memfd.c guid/proto/gui-damage.c guid/proto/gui-scale.c \
	guid/proto/session.c guid/proto/tint.c
gui-proto_DEPS := base

TESTS += test-guid-proto
test-guid-proto_SRCS := tests/unit/test-guid-proto.c
test-guid-proto_PKGS := glib-2.0
test-guid-proto_DEPS := gui-proto

FUZZERS += fuzz-gui-proto fuzz-gui-sanitize
fuzz-gui-proto_SRCS := tests/fuzz/fuzz-gui-proto.c
fuzz-gui-proto_DEPS := gui-proto
fuzz-gui-sanitize_SRCS := tests/fuzz/fuzz-gui-sanitize.c
fuzz-gui-sanitize_DEPS := gui-proto
