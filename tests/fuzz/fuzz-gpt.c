// SPDX-License-Identifier: GPL-2.0-or-later
/* The decoders of partition tables and ext4 superblocks, which qubes may have written. */
#include "dom0/qubesd/hypervisor/gpt.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	uint64_t image = (uint64_t)len * 64, offset = 0, size = 0, blocks = 0;
	unsigned block = 0;

	for (unsigned number = 1; number < 5; number++) {
		if (gpt_partition(data, len, image, number, &offset, &size) == 0 &&
		    (offset >= image || size > image - offset || size == 0))
			abort();
	}
	if (ext4_size(data, len, &blocks, &block) && (block < 1024 || block > 65536))
		abort();
	return 0;
}
