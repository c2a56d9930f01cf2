// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What a domain printed, as xenconsoled keeps it. The text is the qube's: hostile. It is
 * read for an error message only, a bounded part of it, printable characters only.
 */
#include "dom0/qubesd/hypervisor/private.h"

#include "qrexec/base/cleanup.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* Xen's own place, below no other root: there is one Xen on a machine. */
#define LOG_FORMAT "/var/log/xen/console/guest-%s.log"
#define READ_MAX 8192
#define LINES 4
#define PANIC "Kernel panic - not syncing"

void xen_console_begin(const char *name)
{
	g_autofree char *path = g_strdup_printf(LOG_FORMAT, name);
	g_autofree char *old = g_strconcat(path, ".old", NULL);

	rename(path, old);
}

static void add_printable(GString *out, const char *untrusted_line, size_t len)
{
	bool blank = false;

	for (size_t i = 0; i < len; i++) {
		char c = untrusted_line[i];

		/* Colours and the like. */
		if (c == '\033' && i + 1 < len && untrusted_line[i + 1] == '[') {
			i += 2;
			while (i < len && !g_ascii_isalpha(untrusted_line[i]))
				i++;
			continue;
		}
		if (c <= ' ' || c > '~') {
			blank = true;
			continue;
		}
		if (blank && out->len)
			g_string_append_c(out, ' ');
		blank = false;
		g_string_append_c(out, c);
	}
}

/* Where the end is for a reader: what a kernel prints after it has said why it panics is
 * registers and addresses. */
static size_t telling_end(const char *untrusted_text, size_t len)
{
	const char *panic = len ? g_strrstr_len(untrusted_text, (gssize)len, PANIC) : NULL;
	const char *line_end;

	if (!panic)
		return len;
	line_end = memchr(panic, '\n', len - (size_t)(panic - untrusted_text));
	return line_end ? (size_t)(line_end - untrusted_text) : len;
}

char *xen_console_lines(const char *untrusted_text, size_t len)
{
	GString *line[LINES] = {NULL}, *all = g_string_new(NULL);
	size_t n = 0, end = telling_end(untrusted_text, len);

	/* Backwards, line by line. */
	while (end > 0 && n < LINES) {
		size_t start = end;

		while (start > 0 && untrusted_text[start - 1] != '\n')
			start--;
		line[n] = g_string_new(NULL);
		add_printable(line[n], untrusted_text + start, end - start);
		if (line[n]->len)
			n++;
		else
			g_string_free(g_steal_pointer(&line[n]), TRUE);
		end = start ? start - 1 : 0;
	}
	while (n > 0) {
		n--;
		g_string_append_printf(all, "%s%s", all->len ? " | " : "", line[n]->str);
		g_string_free(line[n], TRUE);
	}
	if (all->len > HV_CONSOLE_END_MAX)
		g_string_erase(all, 0, (gssize)(all->len - HV_CONSOLE_END_MAX));
	return g_string_free(all, FALSE);
}

char *xen_console_end(Hypervisor *hv, const char *name)
{
	g_autofree char *path = g_strdup_printf(LOG_FORMAT, name);
	_cleanup_close_ int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
	char untrusted_text[READ_MAX];
	struct stat st;
	ssize_t n;

	if (fd < 0 || fstat(fd, &st) < 0 || !S_ISREG(st.st_mode))
		return NULL;
	n = pread(fd, untrusted_text, sizeof(untrusted_text),
		  st.st_size > READ_MAX ? st.st_size - READ_MAX : 0);
	return n < 0 ? NULL : xen_console_lines(untrusted_text, (size_t)n);
}
