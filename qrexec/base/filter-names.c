/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The names of this architecture's system calls (filter.h), made from the C library's header. */
#include <errno.h>
#include <string.h>
#include <sys/syscall.h>

#include "qrexec/base/cleanup.h"
#include "qrexec/base/filter.h"

/* The name is in the entry: no pointers that would have to be relocated at each start. */
static const struct {
	char name[30];
	uint16_t number;
} names[] = {
#define X(name) {#name, SYS_##name},
#include "syscall-names.h"
#undef X
};

int filter_number(const char *name)
{
	for (size_t i = 0; i < ARRAY_LEN(names); i++)
		if (strcmp(names[i].name, name) == 0)
			return names[i].number;
	return -ENOENT;
}
