/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The inter-qube clipboard's files (specs/gui.md section 8), which all daemons, the
 * clipboard widget and tools share: data, .source, .xevent, .metadata, under one lock.
 */
#ifndef QUBES_CLIPBOARD_FILES_H
#define QUBES_CLIPBOARD_FILES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define CLIP_NAME_MAX 31
#define CLIP_METADATA_MAX 4096

struct clip_metadata {
	char vmname[CLIP_NAME_MAX + 1];
	uint32_t xevent_timestamp;
	bool successful, copy_action, paste_action, malformed_request, oversized_request;
	bool cleared, qrexec_clipboard;
	uint32_t sent_size, buffer_size;
	uint32_t protocol_version_xside, protocol_version_vmside;
};

/*
 * The JSON text of m. Pure. Returns its length, or 0 when it does not fit.
 */
size_t clip_metadata_format(const struct clip_metadata *m, char *buf, size_t n);

/* The time in such a text; 0 when there is none. Pure. */
uint32_t clip_metadata_time(const char *text);

/* Decodes such a text, wherever its fields stand; those that are missing are 0. Pure. 0, or
 * -EPROTO when it names no qube. */
int clip_metadata_parse(const char *text, struct clip_metadata *ret);

/* True when an operation at time a is later than one at b; times wrap every 49 days. */
bool clip_later(uint32_t a, uint32_t b);

/* Takes the lock, waiting. The descriptor to be closed, or -errno. */
int clip_lock(void);

/* What was done last. 0 or -errno. Without the lock it may be an operation half recorded. */
int clip_last(struct clip_metadata *ret);

/* With the lock held: */

/* Time of the last operation, 0 when there was none. */
uint32_t clip_last_time(void);
/* Name of the qube that filled the clipboard, "" when it is empty. -errno. */
int clip_source(char ret[CLIP_NAME_MAX + 1]);
/* Opens the data for reading. Descriptor, or -errno. */
int clip_open_data(void);
/* Replaces everything. 0 or -errno. */
int clip_store(const void *data, size_t n, const struct clip_metadata *m);
/* Empties data and source, records m (with cleared set). 0 or -errno. */
int clip_wipe(const struct clip_metadata *m);
/* Creates the data file, empty, for a service to write to. Descriptor, or -errno. */
int clip_create_data(void);
/* Records the source and m when the data were written otherwise. 0 or -errno. */
int clip_filled(const struct clip_metadata *m);

#endif
