/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The qube's screen: its size and its monitors, which follow dom0's. */
#ifndef QUBES_GUID_AGENT_SCREEN_H
#define QUBES_GUID_AGENT_SCREEN_H

#include <stdint.h>

struct agent;
struct layout;

/*
 * Gives the X screen these monitors, with RandR: an output each where the server has as many
 * (Xorg's dummy driver has 16), else one of the size of all. A server that cannot be resized
 * (Xvfb cannot grow) keeps its size; that is said on stderr.
 */
void screen_apply(struct agent *a, const struct layout *l);

#endif
