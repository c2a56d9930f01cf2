/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Scope-bound clean-up for code without GLib (which has g_autoptr and g_autofree). */
#ifndef QUBES_BASE_CLEANUP_H
#define QUBES_BASE_CLEANUP_H

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

static inline void cleanup_free(void *p)
{
	free(*(void **)p);
}

static inline void cleanup_close(int *fd)
{
	if (*fd >= 0)
		close(*fd);
}

static inline void cleanup_fclose(FILE **f)
{
	if (*f)
		fclose(*f);
}

#define _cleanup_free_ __attribute__((cleanup(cleanup_free)))
#define _cleanup_close_ __attribute__((cleanup(cleanup_close)))
#define _cleanup_fclose_ __attribute__((cleanup(cleanup_fclose)))

/* Hands an owned descriptor on: the variable forgets it. */
static inline int steal_fd(int *fd)
{
	int r = *fd;

	*fd = -1;
	return r;
}

#define ARRAY_LEN(a) (sizeof(a) / sizeof((a)[0]))

#endif
