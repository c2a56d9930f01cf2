// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Whether a qube has the microphone (microphone.h). The peer is qubesd, by a file or by
 * the QubesDB of the qube that this runs in: trusted.
 */
#include "guid/audio/daemon/microphone.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/inotify.h>
#include <sys/stat.h>
#include <unistd.h>

#include "guid/audio/log.h"
#include "qrexec/base/cleanup.h"
#include "qrexec/base/io.h"
#include "qrexec/base/paths.h"
#include "qrexec/qubesdb/qubesdb-client.h"

#define CONFIG "/audio-input-config"
#define STATUS "/audio-input"
#define REQUEST "/audio-input-request"
#define QDB_TIMEOUT_MS 500
#define RETRY_MS 1000
#define KEY_MAX 64

static char *key_of(char key[KEY_MAX], const char *kind, const struct microphone *m)
{
	snprintf(key, KEY_MAX, "%s/%s", kind, m->qube);
	return key;
}

/* ---- in dom0: files ---- */

static bool file_allows(const struct microphone *m)
{
	char path[QUBES_PATH_MAX];
	_cleanup_free_ char *text = NULL;
	size_t len;

	if (!qubes_path(path, sizeof(path), "/run/qubes" CONFIG "/%s", m->qube) ||
	    io_read_file(path, 16, &text, &len))
		return false;
	return len >= 1 && text[0] == '1' && (len == 1 || text[1] == '\n');
}

/* The folder is made with the first microphone that is ever attached. */
static void watch_files(struct microphone *m)
{
	char path[QUBES_PATH_MAX];

	if (m->folder_watch < 0 && qubes_path(path, sizeof(path), "/run/qubes" CONFIG))
		m->folder_watch =
			inotify_add_watch(m->inotify, path,
					  IN_CLOSE_WRITE | IN_MOVED_TO | IN_MOVED_FROM | IN_DELETE |
						  IN_DELETE_SELF | IN_ONLYDIR);
}

static int open_files(struct microphone *m)
{
	char path[QUBES_PATH_MAX];

	m->inotify = inotify_init1(IN_NONBLOCK | IN_CLOEXEC);
	if (m->inotify < 0)
		return -errno;
	if (!qubes_path(path, sizeof(path), "/run/qubes"))
		return -ENAMETOOLONG;
	if (inotify_add_watch(m->inotify, path, IN_CREATE | IN_MOVED_TO | IN_ONLYDIR) < 0)
		return -errno;
	watch_files(m);
	m->allowed = file_allows(m);
	return 0;
}

/* What the events are does not matter: the file is looked at. False when there were none. */
static bool take_file_events(struct microphone *m)
{
	char buf[4096] __attribute__((aligned(__alignof__(struct inotify_event))));
	ssize_t n = read(m->inotify, buf, sizeof(buf));
	ssize_t at = 0;

	if (n <= 0)
		return false;
	while (at + (ssize_t)sizeof(struct inotify_event) <= n) {
		const struct inotify_event *e = (const struct inotify_event *)(buf + at);

		if (e->wd == m->folder_watch && (e->mask & IN_IGNORED))
			m->folder_watch = -1;
		at += (ssize_t)(sizeof(*e) + e->len);
	}
	watch_files(m);
	return true;
}

static void write_file(const struct microphone *m, const char *kind, bool value)
{
	char path[QUBES_PATH_MAX];
	int fd;

	if (!qubes_path(path, sizeof(path), "/run/qubes%s", kind))
		return;
	/* Made by whoever comes first, of the session's daemons. */
	mkdir(path, 0755);
	if (!qubes_path(path, sizeof(path), "/run/qubes%s/%s", kind, m->qube))
		return;
	fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0644);
	if (fd < 0 || write(fd, value ? "1" : "0", 1) != 1)
		audio_log("cannot write %s: %s", path, strerror(errno));
	if (fd >= 0)
		close(fd);
}

/* ---- in an audio qube: its QubesDB ---- */

static bool qdb_allows(struct microphone *m)
{
	char key[KEY_MAX];
	_cleanup_free_ char *value = qdb_read(m->qdb, key_of(key, CONFIG, m), NULL);

	return value && !strcmp(value, "1");
}

static int open_qdb(struct microphone *m)
{
	char key[KEY_MAX];

	m->events = qdb_open(NULL);
	if (!m->events)
		return -errno;
	qdb_set_timeout(m->qdb, QDB_TIMEOUT_MS);
	qdb_set_timeout(m->events, QDB_TIMEOUT_MS);
	if (!qdb_watch(m->events, key_of(key, CONFIG, m)))
		return -errno;
	m->allowed = qdb_allows(m);
	return 0;
}

static bool take_qdb_events(struct microphone *m)
{
	_cleanup_free_ char *path = NULL;

	if (m->retry_at_ms > io_now_ms())
		return false;
	path = qdb_read_watch_timeout(m->events, 0);
	if (!path && errno == ETIMEDOUT)
		return false;
	/* A daemon that was restarted is asked again, and not too often. */
	m->retry_at_ms = path ? 0 : io_now_ms() + RETRY_MS;
	return true;
}

static void write_qdb(struct microphone *m, const char *kind, bool value)
{
	char key[KEY_MAX];

	if (!qdb_write(m->qdb, key_of(key, kind, m), value ? "1" : "0", 1))
		audio_log("cannot write %s to QubesDB: %s", key, strerror(errno));
}

/* ---- both ---- */

int microphone_init(struct microphone *m, const char *qube)
{
	*m = (struct microphone){.qube = qube,
				 .inotify = -1,
				 .folder_watch = -1,
				 .told_status = -1,
				 .told_request = -1};
	m->qdb = qdb_open(NULL);
	return m->qdb ? open_qdb(m) : open_files(m);
}

void microphone_clear(struct microphone *m)
{
	qdb_close(m->qdb);
	qdb_close(m->events);
	if (m->inotify >= 0)
		close(m->inotify);
	m->qdb = m->events = NULL;
	m->inotify = -1;
}

void microphone_step(struct microphone *m, struct audio_loop *loop)
{
	bool was = m->allowed;

	if (m->qdb) {
		while (take_qdb_events(m))
			m->allowed = qdb_allows(m);
		if (m->retry_at_ms > io_now_ms())
			audio_loop_until(loop, m->retry_at_ms);
		else
			audio_loop_watch(loop, qdb_watch_fd(m->events), POLLIN);
	} else {
		while (take_file_events(m))
			m->allowed = file_allows(m);
		audio_loop_watch(loop, m->inotify, POLLIN);
	}
	if (was != m->allowed)
		audio_log("the microphone is %s", m->allowed ? "attached" : "detached");
}

static void tell(struct microphone *m, const char *kind, int *told, bool value)
{
	if (*told == value)
		return;
	*told = value;
	if (m->qdb)
		write_qdb(m, kind, value);
	else
		write_file(m, kind, value);
}

void microphone_tell_status(struct microphone *m, bool recordable)
{
	tell(m, STATUS, &m->told_status, recordable);
}

void microphone_tell_request(struct microphone *m, bool wanted)
{
	tell(m, REQUEST, &m->told_request, wanted);
}
