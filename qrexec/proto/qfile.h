/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The byte format of qubes.Filecopy: files, directories and links, one after the other,
 * and the receiver's verdict. docs/wire-qfile.md. Pure; the sender is hostile.
 */
#ifndef QUBES_QREXEC_QFILE_H
#define QUBES_QREXEC_QFILE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define QFILE_HEADER_LEN 32
#define QFILE_RESULT_LEN 16
#define QFILE_NAME_MAX 16382	 /* bytes of a name, without its NUL */
#define QFILE_PART_MAX 255	 /* … between two slashes */
#define QFILE_TARGET_MAX 16383	 /* bytes of a link's target */
#define QFILE_EARLY_EOF 31415926 /* a result code: the stream ended too early */

enum qfile_kind { QFILE_END, QFILE_REGULAR, QFILE_DIRECTORY, QFILE_LINK, QFILE_OTHER };

struct qfile_header {
	enum qfile_kind kind;
	uint32_t name_len; /* with the NUL; 0 for QFILE_END */
	uint32_t mode;	   /* permission bits only: 0..07777 */
	uint64_t size;	   /* of the content, or of a link's target; 0 for a directory */
	uint32_t atime, atime_nsec, mtime, mtime_nsec;
};

/*
 * Takes a header apart. 0, or -ENAMETOOLONG: the name that follows is not to be read. Read the
 * name, so that it can be reported, then look at the rest by qfile_check_header().
 */
int qfile_get_header(const uint8_t bytes[QFILE_HEADER_LEN], struct qfile_header *ret_untrusted);

/*
 * 0, or the error to report: -EINVAL (kind of file, sizes, times that cannot be),
 * -ENAMETOOLONG (of a link's target), -EDQUOT (size above 2^63 - 1).
 */
int qfile_check_header(const struct qfile_header *untrusted);
void qfile_put_header(uint8_t bytes[QFILE_HEADER_LEN], const struct qfile_header *h);

struct qfile_result {
	uint32_t code; /* an errno value of Linux, 0: all is well */
	uint32_t crc;
};
int qfile_get_result(const uint8_t bytes[QFILE_RESULT_LEN], struct qfile_result *ret);
void qfile_put_result(uint8_t bytes[QFILE_RESULT_LEN], const struct qfile_result *r);

/*
 * A name as received, len bytes of which the last must be the only NUL. It must be
 * relative, without empty components, "." and "..", and without a slash at the end; and
 * unless any_chars is set, UTF-8 of characters that are safe to show. 0, -EINVAL (not one
 * string), -ENAMETOOLONG (a part of it), -EILSEQ for everything else.
 */
int qfile_check_name(const char *untrusted_name, size_t len, bool any_chars);

/*
 * The target of the link `name` (checked before), NUL-terminated: relative, ".." only at
 * its start and never so many that it leaves the first directory of name. 0, -ENOLINK, -EILSEQ.
 */
int qfile_check_link(const char *name, const char *untrusted_target, bool any_chars);

/* A character that is safe to show (qfile-chars.c has the list). */
bool qfile_char_ok(uint32_t c);

/* Text of such characters, in UTF-8. */
bool qfile_text_ok(const char *text);

/* CRC-32 as in zip and Ethernet, continued from crc; 0 starts. */
uint32_t qfile_crc(uint32_t crc, const void *data, size_t n);

#endif
