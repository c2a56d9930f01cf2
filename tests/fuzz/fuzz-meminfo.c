// SPDX-License-Identifier: GPL-2.0-or-later
/* What a qube writes about its memory. */
#include <stdlib.h>

#include "dom0/qmemman/balance.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	uint64_t used = 0;

	if (mem_parse_meminfo((const char *)data, size, 4000u << 10, &used) && used > 4000u << 10)
		abort();
	return 0;
}
