/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Printing of values from a hostile qube (print.h). */
#include "qrexec/qubesdb/cmd/print.h"

#include <stdio.h>

void print_value(const char *untrusted_value, bool raw)
{
	if (raw) {
		puts(untrusted_value);
		return;
	}
	for (const char *p = untrusted_value; *p; p++) {
		unsigned char c = (unsigned char)*p;

		if (c >= 0x20 && c < 0x80)
			putchar(c);
		else
			printf("\\x%02x", c);
	}
	putchar('\n');
}
