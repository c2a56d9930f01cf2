/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The command line of qubesd. */
#ifndef QUBESD_OPTIONS_H
#define QUBESD_OPTIONS_H

#include "dom0/qubesd/core/model.h"

#include <stdbool.h>

/*
 * Fills opt, which is zeroed, from the command line and the environment; *ret_link: only the
 * services are to be made. 0: go on; else the exit status plus one, what is to be said was said.
 */
int options_parse(int argc, char **argv, Options *opt, bool *ret_link);
void options_clear(Options *opt);

#endif
