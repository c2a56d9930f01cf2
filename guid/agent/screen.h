/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The size of the qube's screen, which follows dom0's. */
#ifndef QUBES_GUID_AGENT_SCREEN_H
#define QUBES_GUID_AGENT_SCREEN_H

#include <stdint.h>

struct agent;

/*
 * Makes the X screen width x height pixels, with RandR on its first connected output.
 * A server that cannot (Xvfb cannot grow) keeps its size; that is said on stderr.
 */
void screen_resize(struct agent *a, uint32_t width, uint32_t height);

#endif
