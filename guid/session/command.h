/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Commands that menus run. */
#ifndef QUBES_SESSION_COMMAND_H
#define QUBES_SESSION_COMMAND_H

/* Puts the folder of this program at the front of $PATH: siblings come first. At the start. */
void command_use_siblings(void);

/*
 * Runs a command in the background, When it fails, what it
 * wrote to standard error is shown under `what`. argv is not needed afterwards.
 */
void command_run(const char *what, const char *const *argv);

#endif
