# SPDX-License-Identifier: GPL-2.0-or-later
LIBS += policy-engine
policy-engine_SRCS := $(addprefix policy/engine/,text.c json.c json-string.c sysinfo.c token.c rule.c policy.c \
	path.c load.c load-files.c load-compat.c eval.c ask.c response.c lint.c)
policy-engine_DEPS := base

TESTS += test-policy-engine test-policy-eval test-policy-load
test-policy-engine_SRCS := tests/unit/test-policy-engine.c
test-policy-engine_PKGS := glib-2.0
test-policy-engine_DEPS := policy-engine
test-policy-eval_SRCS := tests/unit/test-policy-eval.c
test-policy-eval_PKGS := glib-2.0
test-policy-eval_DEPS := policy-engine
test-policy-load_SRCS := tests/unit/test-policy-load.c
test-policy-load_PKGS := glib-2.0
test-policy-load_DEPS := policy-engine

FUZZERS += fuzz-policy-parse fuzz-policy-sysinfo
fuzz-policy-parse_SRCS := tests/fuzz/fuzz-policy-parse.c
fuzz-policy-parse_DEPS := policy-engine
fuzz-policy-sysinfo_SRCS := tests/fuzz/fuzz-policy-sysinfo.c
fuzz-policy-sysinfo_DEPS := policy-engine
