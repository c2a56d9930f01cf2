# SPDX-License-Identifier: GPL-2.0-or-later
LIBS += policy-engine
policy-engine_SRCS := $(addprefix policy/engine/,text.c json.c sysinfo.c token.c rule.c policy.c \
	path.c load.c load-files.c load-compat.c eval.c ask.c response.c lint.c)
policy-engine_DEPS := base
