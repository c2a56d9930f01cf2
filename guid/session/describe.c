/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Clipboard operations in words (describe.h). Pure. */
#include "guid/session/describe.h"

#include <stdio.h>

static const char *plural(uint32_t n)
{
	return n == 1 ? "" : "s";
}

bool clipboard_describe(const struct clip_metadata *m, char *buf, size_t n, bool *ret_failure)
{
	const char *name = m->vmname;

	*ret_failure = !m->successful || m->oversized_request || m->malformed_request;
	if (m->malformed_request)
		snprintf(buf, n, "%s sent data that are no clipboard's. Nothing was copied.", name);
	else if (m->copy_action && m->oversized_request)
		snprintf(buf, n,
			 "%s has more than the %u bytes that may be copied. Nothing was copied.",
			 name, m->buffer_size);
	else if (m->copy_action && !m->successful)
		snprintf(buf, n, "Copying from %s failed.", name);
	else if (m->copy_action && m->cleared)
		snprintf(buf, n, "There was nothing to copy in %s. The clipboard is empty.", name);
	else if (m->copy_action)
		snprintf(buf, n, "%u byte%s copied from %s. Ctrl+Shift+V pastes into another qube.",
			 m->sent_size, plural(m->sent_size), name);
	else if (m->paste_action && !m->successful)
		snprintf(buf, n, "Pasting into %s failed.", name);
	else if (m->paste_action)
		snprintf(buf, n, "%u byte%s pasted into %s. The clipboard is empty.", m->sent_size,
			 plural(m->sent_size), name);
	else
		return false;
	return true;
}
