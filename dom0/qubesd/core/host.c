// SPDX-License-Identifier: GPL-2.0-or-later
/* dom0's own figures, from /proc. */
#include "dom0/qubesd/core/host.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

void host_figures(guint64 *ret_kib, guint64 *ret_cpu_ns)
{
	g_autofree char *mem = NULL, *stat = NULL;
	unsigned long long user, nice, sys;

	*ret_kib = *ret_cpu_ns = 0;
	if (g_file_get_contents("/proc/meminfo", &mem, NULL, NULL) &&
	    g_str_has_prefix(mem, "MemTotal:"))
		*ret_kib = g_ascii_strtoull(mem + strcspn(mem, "0123456789"), NULL, 10);
	if (g_file_get_contents("/proc/stat", &stat, NULL, NULL) &&
	    sscanf(stat, "cpu %llu %llu %llu", &user, &nice, &sys) == 3)
		*ret_cpu_ns = (user + nice + sys) * (1000000000ull / (guint64)sysconf(_SC_CLK_TCK));
}

guint64 host_memory_available(void)
{
	g_autofree char *mem = NULL;
	const char *line;

	if (!g_file_get_contents("/proc/meminfo", &mem, NULL, NULL) ||
	    !(line = strstr(mem, "MemAvailable:")))
		return 0;
	return g_ascii_strtoull(line + strcspn(line, "0123456789"), NULL, 10);
}
