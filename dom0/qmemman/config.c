// SPDX-License-Identifier: GPL-2.0-or-later
/* qmemman's configuration: "name = value" lines, in MiB. Pure; written by the administrator. */
#include "dom0/qmemman/qmemman.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define LINE_MAX_LEN 256

static bool take_size(const char *value, uint64_t *ret)
{
	char *end;
	unsigned long v = strtoul(value, &end, 10);

	end += strspn(end, " \t");
	if (end == value || (*end && strcmp(end, "MiB") && strcmp(end, "MB") && strcmp(end, "M")) ||
	    v > 1u << 24)
		return false;
	*ret = (uint64_t)v << 10;
	return true;
}

static bool take(struct mem_config *c, const char *name, const char *value)
{
	char *end;
	double d;

	if (!strcmp(name, "vm-min-mem"))
		return take_size(value, &c->vm_min);
	if (!strcmp(name, "dom0-mem-boost"))
		return take_size(value, &c->dom0_boost);
	if (!strcmp(name, "xen-reserve"))
		return take_size(value, &c->xen_reserve);
	if (strcmp(name, "cache-margin-factor"))
		return false;
	d = strtod(value, &end);
	if (*end || !(d >= 1.0 && d <= 10.0))
		return false;
	c->margin = d;
	return true;
}

bool config_read(const char *text, struct mem_config *c, char *ret_why, size_t size)
{
	unsigned number = 0;

	while (*text) {
		size_t len = strcspn(text, "\n");
		char line[LINE_MAX_LEN], name[64], value[64];

		number++;
		snprintf(line, sizeof(line), "%.*s", (int)len, text);
		text += len + (text[len] == '\n');
		line[strcspn(line, "#;")] = '\0';
		if (line[strspn(line, " \t\r")] == '\0' || line[0] == '[')
			continue;
		if (sscanf(line, " %63[a-z0-9-] %*[=:] %63[^\r\n]", name, value) != 2 &&
		    sscanf(line, " %63[a-z0-9-]%*[=:]%63[^\r\n]", name, value) != 2) {
			snprintf(ret_why, size, "line %u is not 'name = value'", number);
			return false;
		}
		for (size_t n = strlen(value); n && value[n - 1] == ' '; n--)
			value[n - 1] = '\0';
		if (!take(c, name, value)) {
			snprintf(ret_why, size,
				 "line %u: '%s = %s' is not known (vm-min-mem, dom0-mem-boost, "
				 "xen-reserve in MiB; cache-margin-factor from 1 to 10)",
				 number, name, value);
			return false;
		}
	}
	return true;
}
