// SPDX-License-Identifier: GPL-2.0-or-later
/* Giving back what only the start needed. Peers: none, /proc is the kernel's. */
#include "dom0/qubesd/core/trim.h"

#include <glib.h>
#include <malloc.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>

typedef struct {
	unsigned long from, to;
	char access[8];
	bool file;
} Mapping;

/* The first line of a mapping in smaps: "from-to access offset device inode   path". */
static bool parse_mapping(const char *line, Mapping *ret)
{
	Mapping m;
	unsigned long inode;

	if (sscanf(line, "%lx-%lx %7s %*s %*s %lu", &m.from, &m.to, m.access, &inode) != 4)
		return false;
	m.file = inode != 0;
	*ret = m;
	return true;
}

/* Code and constants, which are in the file as they are in memory, and come back from there. */
static bool can_go(const Mapping *m, unsigned long anonymous_kib)
{
	return m->file && m->access[0] == 'r' && m->access[1] == '-' && m->access[3] == 'p' &&
	       !anonymous_kib;
}

void trim_memory(void)
{
	FILE *f = fopen("/proc/self/smaps", "re");
	g_autoptr(GArray) found = g_array_new(FALSE, FALSE, sizeof(Mapping));
	Mapping m = {0};
	char line[512];
	unsigned long kib;

	while (f && fgets(line, sizeof(line), f)) {
		if (parse_mapping(line, &m))
			continue;
		if (sscanf(line, "Anonymous: %lu kB", &kib) == 1 && can_go(&m, kib))
			g_array_append_val(found, m);
	}
	if (f)
		fclose(f);
	for (guint i = 0; i < found->len; i++) {
		const Mapping *go = &g_array_index(found, Mapping, i);

		madvise((void *)go->from, go->to - go->from, MADV_DONTNEED);
	}
	malloc_trim(0);
}
