/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Trying what a confined process may not do. */
#ifndef TEST_CONFINE_H
#define TEST_CONFINE_H

/*
 * The signal that ended a process which was confined by enter() and then tried fn; 0: none. enter
 * returns 0 when it is confined.
 */
int try_confined(int (*enter)(void), void (*fn)(void));

/* What no confined process does. */
void do_exec(void);
void do_fork(void);
void do_ptrace(void);
void do_mount(void);
void do_kill(void);

#endif
