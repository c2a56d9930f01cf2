/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What sender and receiver of qubes.Filecopy tell their users. docs/wire-qfile.md. */
#ifndef QUBES_QREXEC_VERDICT_H
#define QUBES_QREXEC_VERDICT_H

#include <stddef.h>
#include <stdint.h>

#define VERDICT_NAME_MAX 256 /* bytes of a name as it is shown, with the NUL */

/* What a result code means, in words that follow a file's name. A static string. */
const char *verdict_meaning(uint32_t untrusted_code);

/*
 * A name from the other side, fit for a terminal: as it is when it has only safe characters
 * (qfile_text_ok()), else with "_" for each byte that is not plain ASCII; the end of it when it
 * is long. Returns buf.
 */
const char *verdict_show_name(const char *untrusted_name, char buf[VERDICT_NAME_MAX]);

#endif
