/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Relocatable paths (paths.h). No peer; the environment is the caller's own. */
#include "qrexec/base/paths.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static size_t root_len(const char *root)
{
	size_t n = strlen(root);

	while (n && root[n - 1] == '/')
		n--;
	return n;
}

const char *qubes_root(void)
{
	const char *root = getenv("QUBES_ROOT");

	return root && root_len(root) ? root : "";
}

char *qubes_path(char *buf, size_t n, const char *fmt, ...)
{
	const char *root = qubes_root();
	size_t len = root_len(root);
	va_list ap;
	int r;

	if (len >= n)
		return NULL;
	memcpy(buf, root, len);
	va_start(ap, fmt);
	r = vsnprintf(buf + len, n - len, fmt, ap);
	va_end(ap);
	if (r < 0 || (size_t)r >= n - len)
		return NULL;
	return buf;
}
