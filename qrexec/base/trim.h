/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The memory of daemons that wait most of their life. */
#ifndef QUBES_BASE_TRIM_H
#define QUBES_BASE_TRIM_H

/*
 * Gives the pages back that only the start of this process needed: of the stack below the present
 * frame, and of all programs and libraries what is the same as in their files, which comes
 * back from there when it is used. Not the heap's: malloc_trim(3) does that. Makes no
 * system call but madvise(2).
 */
void trim_pages(void);

#endif
