/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Returning pages to the kernel (trim.h). No peer. */
#include "qrexec/base/trim.h"

#include <link.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/mman.h>

#define PAGE 4096u
#define STACK_DEEPEST (256u * 1024)

/* What is below the frames in use is free; what is not mapped there is skipped. */
static void trim_stack(void)
{
	uintptr_t here = (uintptr_t)__builtin_frame_address(0) & ~(uintptr_t)(PAGE - 1);

	madvise((void *)(here - STACK_DEEPEST), STACK_DEEPEST - PAGE, MADV_DONTNEED);
}

/* Segments that cannot be written to hold nothing of our own. */
static int trim_object(struct dl_phdr_info *info, size_t size, void *data)
{
	for (size_t i = 0; i < info->dlpi_phnum; i++) {
		const ElfW(Phdr) *p = &info->dlpi_phdr[i];
		uintptr_t start = (info->dlpi_addr + p->p_vaddr) & ~(uintptr_t)(PAGE - 1);

		if (p->p_type == PT_LOAD && !(p->p_flags & PF_W) && p->p_filesz)
			madvise((void *)start, info->dlpi_addr + p->p_vaddr + p->p_filesz - start,
				MADV_DONTNEED);
	}
	return 0;
}

void trim_pages(void)
{
	dl_iterate_phdr(trim_object, NULL);
	trim_stack();
}
