/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What qvm-start-daemon does for a qube: asks qubesd whether its windows are shown and its sound
 * is played in this session, and starts its GUI and audio daemon then.
 */
#ifndef QUBES_CLI_CARE_H
#define QUBES_CLI_CARE_H

#include <stdbool.h>

#include "dom0/admin/vm.h"
#include "dom0/cli/ctx.h"
#include "dom0/cli/follow.h"
#include "dom0/cli/keeper.h"

enum { CARE_GUI = 1, CARE_AUDIO = 2 };

/* All belong to the caller. */
struct care {
	struct ctx *c;
	struct keeper *guids, *audiods; /* NULL: daemons are started and left alone */
	struct follow *follow;		/* NULL: not --watch */
	const char *const *only;	/* names to care for; empty: all qubes */
	int status;			/* EXIT_FAILED once a daemon could not be started */
};

/* One line for the user: "NAME: WHAT: DETAIL" (may be NULL). */
void care_say(const char *name, const char *what, const char *detail);

/* Starts what the qube is to have and has not. what: CARE_GUI, CARE_AUDIO; once: without keepers.
 */
void care_for(struct care *d, const char *vm, unsigned what, bool once);
void care_for_running(struct care *d, const struct admin_vms *vms, bool once);
/* Its sound is played elsewhere, or here now. */
void care_audiovm_changed(struct care *d, const char *vm);
/* The qube runs no more. */
void care_drop(struct care *d, const char *vm);

#endif
