/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The clipboard's files (files.h). The files are dom0's; the data in them come from
 * qubes and are only passed on.
 */
#include "guid/clipboard/files.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "qrexec/base/cleanup.h"
#include "qrexec/base/io.h"
#include "qrexec/base/paths.h"

#define CLIP_PATH "/run/qubes/qubes-clipboard.bin"

size_t clip_metadata_format(const struct clip_metadata *m, char *buf, size_t n)
{
	int len = snprintf(buf, n,
			   "{\n\"vmname\":\"%s\",\n\"xevent_timestamp\":%u,\n\"successful\":%d,\n"
			   "\"copy_action\":%d,\n\"paste_action\":%d,\n\"malformed_request\":%d,\n"
			   "\"oversized_request\":%d,\n\"cleared\":%d,\n\"qrexec_clipboard\":%d,\n"
			   "\"sent_size\":%u,\n\"buffer_size\":%u,\n"
			   "\"protocol_version_xside\":%u,\n\"protocol_version_vmside\":%u\n}\n",
			   m->vmname, m->xevent_timestamp, m->successful, m->copy_action,
			   m->paste_action, m->malformed_request, m->oversized_request, m->cleared,
			   m->qrexec_clipboard, m->sent_size, m->buffer_size,
			   m->protocol_version_xside, m->protocol_version_vmside);

	return len < 0 || (size_t)len >= n ? 0 : (size_t)len;
}

/* What follows "key": in text, NULL when there is no such key. */
static const char *value_of(const char *text, const char *key)
{
	char quoted[40];
	const char *p;

	snprintf(quoted, sizeof(quoted), "\"%s\":", key);
	p = strstr(text, quoted);
	if (!p)
		return NULL;
	p += strlen(quoted);
	return p + strspn(p, " ");
}

static uint32_t number_of(const char *text, const char *key)
{
	const char *p = value_of(text, key);
	unsigned long long v = p ? strtoull(p, NULL, 10) : 0;

	return v <= UINT32_MAX ? (uint32_t)v : 0;
}

uint32_t clip_metadata_time(const char *text)
{
	return number_of(text, "xevent_timestamp");
}

int clip_metadata_parse(const char *text, struct clip_metadata *ret)
{
	const char *name = value_of(text, "vmname");
	size_t n = name && *name == '"' ? strcspn(name + 1, "\"") : 0;

	*ret = (struct clip_metadata){
		.xevent_timestamp = clip_metadata_time(text),
		.successful = number_of(text, "successful"),
		.copy_action = number_of(text, "copy_action"),
		.paste_action = number_of(text, "paste_action"),
		.malformed_request = number_of(text, "malformed_request"),
		.oversized_request = number_of(text, "oversized_request"),
		.cleared = number_of(text, "cleared"),
		.qrexec_clipboard = number_of(text, "qrexec_clipboard"),
		.sent_size = number_of(text, "sent_size"),
		.buffer_size = number_of(text, "buffer_size"),
		.protocol_version_xside = number_of(text, "protocol_version_xside"),
		.protocol_version_vmside = number_of(text, "protocol_version_vmside"),
	};
	if (!n || n > CLIP_NAME_MAX || name[n + 1] != '"')
		return -EPROTO;
	memcpy(ret->vmname, name + 1, n);
	return 0;
}

bool clip_later(uint32_t a, uint32_t b)
{
	return (uint32_t)(b - a) >= UINT32_C(1) << 31;
}

static char *clip_path(char *buf, size_t n, const char *suffix)
{
	return qubes_path(buf, n, CLIP_PATH "%s", suffix);
}

/* Opens for writing, empty. The group writes too: the widget of another user's session. */
static int create(const char *suffix, mode_t mode)
{
	char path[QUBES_PATH_MAX];
	mode_t old;
	int fd;

	if (!clip_path(path, sizeof(path), suffix))
		return -ENAMETOOLONG;
	old = umask(0);
	fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, mode);
	umask(old);
	return fd < 0 ? -errno : fd;
}

static int write_file(const char *suffix, mode_t mode, const void *data, size_t n)
{
	_cleanup_close_ int fd = create(suffix, mode);

	return fd < 0 ? fd : io_write_all(fd, data, n);
}

int clip_lock(void)
{
	char path[QUBES_PATH_MAX];
	_cleanup_close_ int fd = -1;
	mode_t old;

	if (!qubes_path(path, sizeof(path), "/run/qubes/appviewer.lock"))
		return -ENAMETOOLONG;
	old = umask(0);
	fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0660);
	umask(old);
	if (fd < 0)
		return -errno;
	while (flock(fd, LOCK_EX) < 0)
		if (errno != EINTR)
			return -errno;
	return steal_fd(&fd);
}

static int read_metadata(char **ret)
{
	char path[QUBES_PATH_MAX];
	size_t n;

	if (!clip_path(path, sizeof(path), ".metadata"))
		return -ENAMETOOLONG;
	return io_read_file(path, CLIP_METADATA_MAX, ret, &n);
}

uint32_t clip_last_time(void)
{
	_cleanup_free_ char *text = NULL;

	return read_metadata(&text) ? 0 : clip_metadata_time(text);
}

int clip_last(struct clip_metadata *ret)
{
	_cleanup_free_ char *text = NULL;
	int r = read_metadata(&text);

	return r ? r : clip_metadata_parse(text, ret);
}

int clip_source(char ret[CLIP_NAME_MAX + 1])
{
	_cleanup_free_ char *text = NULL;
	char path[QUBES_PATH_MAX];
	size_t n;
	int r;

	if (!clip_path(path, sizeof(path), ".source"))
		return -ENAMETOOLONG;
	r = io_read_file(path, CLIP_NAME_MAX, &text, &n);
	if (r == -ENOENT) {
		ret[0] = '\0';
		return 0;
	}
	if (r)
		return r;
	if (strlen(text) != n)
		return -EINVAL;
	memcpy(ret, text, n + 1);
	return 0;
}

int clip_open_data(void)
{
	char path[QUBES_PATH_MAX];
	int fd;

	if (!clip_path(path, sizeof(path), ""))
		return -ENAMETOOLONG;
	fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
	return fd < 0 ? -errno : fd;
}

static int write_metadata(const struct clip_metadata *m)
{
	char text[CLIP_METADATA_MAX];
	size_t n = clip_metadata_format(m, text, sizeof(text));

	return n ? write_file(".metadata", 0664, text, n) : -EMSGSIZE;
}

int clip_create_data(void)
{
	return create("", 0660);
}

/* The widget wakes up when .source is closed: data come before it, metadata last. */
int clip_filled(const struct clip_metadata *m)
{
	char text[16];
	int n = snprintf(text, sizeof(text), "%u\n", m->xevent_timestamp);
	int r = write_file(".source", 0664, m->vmname, strlen(m->vmname));

	if (!r)
		r = write_file(".xevent", 0664, text, (size_t)n);
	return r ? r : write_metadata(m);
}

int clip_store(const void *data, size_t n, const struct clip_metadata *m)
{
	int r = write_file("", 0660, data, n);

	return r ? r : clip_filled(m);
}

int clip_wipe(const struct clip_metadata *m)
{
	struct clip_metadata copy = *m;
	int r = write_file("", 0660, "", 0), r2;

	copy.cleared = true;
	r2 = write_file(".source", 0664, "", 0);
	if (!r)
		r = r2;
	r2 = write_metadata(&copy);
	return r ? r : r2;
}
