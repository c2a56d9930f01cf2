/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What qubes send about their applications is read and decoded by a process of its own for each
 * answer, which can open nothing, start nothing and reach nobody (received.h and picture.h are run
 * in there). What that hands back is of fixed size and form, and checked here again: who takes it
 * over gets no further than to a false list of applications, which a qube can have anyway.
 */
#ifndef QUBES_APPMENUS_DECODER_H
#define QUBES_APPMENUS_DECODER_H

#include "dom0/appmenus/picture.h"
#include "dom0/appmenus/received.h"

/*
 * Decodes all that comes from in until its end. deadline: of io_now_ms(). Not for programs with
 * threads. 0 or -errno: -E2BIG for more than may be, -EINVAL for what is nothing of the kind,
 * -ETIMEDOUT, -EPROTO when the process failed.
 */

/* *ret: struct received_app, sorted by id; g_ptr_array_unref(). */
int decoder_list(int in, int64_t deadline, GPtrArray **ret);

/* No side of *ret is longer than PICTURE_SIDE_KEPT; picture_clear(). */
int decoder_icon(int in, int64_t deadline, struct picture *ret);

#endif
