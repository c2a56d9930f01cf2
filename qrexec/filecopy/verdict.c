/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Words for the verdict of qubes.Filecopy (verdict.h). Codes and names are the other qube's. */
#include "qrexec/filecopy/verdict.h"

#include <errno.h>
#include <string.h>

#include "qrexec/proto/qfile.h"

const char *verdict_meaning(uint32_t untrusted_code)
{
	switch (untrusted_code) {
	case QFILE_EARLY_EOF:
		return "the data ended early";
	case EEXIST:
		return "a file of that name is there already; it was not replaced";
	case EILSEQ:
		return "the name, or the link's target, has characters or parts that are not "
		       "accepted";
	case ENOLINK:
		return "the symbolic link could lead out of what is copied";
	case EDQUOT:
		return "larger than allowed";
	case ENOSPC:
		return "no space is left there";
	case EINVAL:
		return "not in the format of qubes.Filecopy";
	default:
		return untrusted_code < 4096 ? strerror((int)untrusted_code) : "unknown error";
	}
}

const char *verdict_show_name(const char *untrusted_name, char buf[VERDICT_NAME_MAX])
{
	size_t n = strlen(untrusted_name);

	if (n >= VERDICT_NAME_MAX)
		untrusted_name += n - (VERDICT_NAME_MAX - 1);
	memcpy(buf, untrusted_name, strlen(untrusted_name) + 1);
	if (qfile_text_ok(buf))
		return buf;
	for (char *p = buf; *p; p++)
		if (*p < 0x20 || *p > 0x7e)
			*p = '_';
	return buf;
}
