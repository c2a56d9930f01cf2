/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The connection to the qube's X server: set-up, and its events. */
#ifndef QUBES_GUID_AGENT_DISPLAY_H
#define QUBES_GUID_AGENT_DISPLAY_H

#include <stdbool.h>

struct agent;

/*
 * Connects, checks the extensions, becomes the window manager and adopts the windows.
 * display NULL: $DISPLAY. 0 or -1; what is wrong is said on stderr.
 */
int display_open(struct agent *a, const char *display);
void display_close(struct agent *a);

/*
 * Records rules as the name of the rules that the server's first keyboard map was made
 * with, if it names its built-in ones: setxkbmap starts from there.
 */
void display_name_rules(struct agent *a, const char *rules);

/*
 * Handles the events that have come; new ones are read (once) when read is true, else only
 * those that came with an answer. True when there was one.
 */
bool display_drain(struct agent *a, bool read);

#endif
