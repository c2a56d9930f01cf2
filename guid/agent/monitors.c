/* SPDX-License-Identifier: GPL-2.0-or-later */
/* dom0's monitors (monitors.h). The file is written by a service that only dom0 may call. */
#include "guid/agent/monitors.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/inotify.h>
#include <unistd.h>

#include "guid/agent/agent.h"
#include "guid/agent/scale.h"
#include "guid/agent/screen.h"
#include "qrexec/base/cleanup.h"
#include "qrexec/base/io.h"

static const char *name_in(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash ? slash + 1 : path;
}

/* Reads the file; one that is not there or makes no sense changes nothing. */
static void load(struct agent *a)
{
	struct monitors *m = &a->monitors;
	_cleanup_close_ int fd = open(m->path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	_cleanup_free_ char *text = NULL;
	size_t n;

	if (fd < 0) {
		if (errno != ENOENT)
			fprintf(stderr, "qubes-gui-agent: cannot read %s: %s\n", m->path,
				strerror(errno));
		return;
	}
	if (io_read_to_end(fd, LAYOUT_TEXT_MAX, &text, &n) || layout_parse(text, n, &m->told)) {
		fprintf(stderr, "qubes-gui-agent: %s does not describe monitors: ignored\n",
			m->path);
		return;
	}
	screen_apply(a, &m->told);
	scale_apply(a, m->told.dpi);
}

void monitors_open(struct agent *a, const char *path)
{
	struct monitors *m = &a->monitors;
	_cleanup_free_ char *dir = strdup(path);
	const char *name = name_in(path);

	if (!dir)
		return;
	m->path = path;
	if (name == path)
		strcpy(dir, ".");
	else
		dir[name - path > 1 ? name - path - 1 : 1] = '\0';
	m->fd = inotify_init1(IN_NONBLOCK | IN_CLOEXEC);
	if (m->fd < 0 || inotify_add_watch(m->fd, dir, IN_CLOSE_WRITE | IN_MOVED_TO) < 0)
		fprintf(stderr, "qubes-gui-agent: cannot watch %s: %s\n", dir, strerror(errno));
	load(a);
}

void monitors_close(struct monitors *m)
{
	if (m->fd >= 0)
		close(m->fd);
	m->fd = -1;
}

void monitors_step(struct agent *a)
{
	union {
		struct inotify_event align;
		char bytes[4096];
	} buf;
	bool changed = false;
	ssize_t n;

	while ((n = read(a->monitors.fd, buf.bytes, sizeof(buf.bytes))) > 0) {
		for (char *p = buf.bytes; p < buf.bytes + n;) {
			const struct inotify_event *e = (const void *)p;

			/* With events lost, too. */
			if (!e->len || !strcmp(e->name, name_in(a->monitors.path)))
				changed = true;
			p += sizeof(*e) + e->len;
		}
	}
	if (changed)
		load(a);
}

void monitors_size(struct agent *a, uint32_t width, uint32_t height)
{
	const struct layout *told = &a->monitors.told;
	struct layout one;

	/* A layout for another screen is of before, or the next one is on its way. */
	if (told->count && ((told->width + 7u) & ~7u) == ((width + 7u) & ~7u) &&
	    told->height == height) {
		screen_apply(a, told);
		return;
	}
	if (!width || !height || width > INT16_MAX || height > INT16_MAX)
		return;
	layout_single((uint16_t)width, (uint16_t)height, &one);
	screen_apply(a, &one);
}
