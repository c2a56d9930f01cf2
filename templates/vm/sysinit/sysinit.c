/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * qubes-sysinit (sysinit.h). Early in a qube's boot it takes over from QubesDB what the qube is
 * (specs/qubesdb.md, the keys):
 *
 *   /run/qubes-service/NAME    for every enabled service
 *   /run/qubes/this-is-*       markers that scripts and units test for
 *   hostname and /etc/hosts
 *
 * and then mounts its storage. Its peer is dom0, by the QubesDB daemon of the qube; still, what
 * becomes the name of a file or is written to one is checked.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "qrexec/qubesdb/qubesdb-client.h"
#include "templates/vm/sysinit/sysinit.h"

#define SERVICES "/qubes-service/"
/* dom0 may be slow to tell the name. */
#define NAME_TIMEOUT_MS 60000

int sysinit_failed(const char *what)
{
	fprintf(stderr, "qubes-sysinit: %s: %s\n", what, strerror(errno));
	return -1;
}

/* What may be the name of a file or of a host. */
static bool is_name(const char *text)
{
	return *text && *text != '.' &&
	       !text[strspn(text,
			    "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_.-")];
}

static int mark(const char *dir, const char *name)
{
	char path[256];
	int fd;

	if ((size_t)snprintf(path, sizeof(path), "%s/%s", dir, name) >= sizeof(path))
		return 0;
	fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
	if (fd < 0)
		return sysinit_failed(path);
	close(fd);
	return 0;
}

/* The qube's name, once dom0 has told it, to be freed. NULL: it did not. */
static char *read_name(qdb_handle_t db)
{
	time_t end = time(NULL) + NAME_TIMEOUT_MS / 1000;
	char *name;

	qdb_watch(db, "/name");
	while (!(name = qdb_read(db, "/name", NULL)) && errno == ENOENT && time(NULL) < end)
		free(qdb_read_watch_timeout(db, 1000));
	qdb_unwatch(db, "/name");
	return name;
}

static int take_services(qdb_handle_t db)
{
	char **pairs = qdb_multiread(db, SERVICES, NULL, NULL);
	int r = 0;

	for (char **p = pairs; p && p[0] && p[1]; p += 2) {
		const char *name = p[0] + strlen(SERVICES);

		if (!strcmp(p[1], "1") && is_name(name))
			r |= mark("/run/qubes-service", name);
	}
	qdb_free_list(pairs);
	return r;
}

/* Leaves the marker that belongs to the value of a key. */
static int take_kind(qdb_handle_t db, const char *key, const char *const table[][2], size_t n)
{
	char *value = qdb_read(db, key, NULL);
	int r = 0;

	for (size_t i = 0; value && i < n; i++)
		if (!strcmp(value, table[i][0]))
			r = mark("/run/qubes", table[i][1]);
	free(value);
	return r;
}

static int take_kinds(qdb_handle_t db)
{
	static const char *const types[][2] = {{"TemplateVM", "this-is-templatevm"},
					       {"AppVM", "this-is-appvm"},
					       {"StandaloneVM", "this-is-standalonevm"},
					       {"DispVM", "this-is-appvm"}};
	static const char *const persistence[][2] = {{"full", "persistent-full"},
						     {"rw-only", "persistent-rw-only"},
						     {"none", "persistent-none"}};

	return take_kind(db, "/type", types, sizeof(types) / sizeof(types[0])) |
	       take_kind(db, "/qubes-vm-persistence", persistence,
			 sizeof(persistence) / sizeof(persistence[0]));
}

static int become(const char *name)
{
	FILE *f;
	bool bad;

	if (!is_name(name)) {
		fputs("qubes-sysinit: dom0 told a name that no host can have: this one keeps its "
		      "own\n",
		      stderr);
		return -1;
	}
	if (sethostname(name, strlen(name)) < 0)
		return sysinit_failed("cannot set the host's name");
	f = fopen("/etc/hosts", "we");
	if (!f)
		return sysinit_failed("/etc/hosts");
	fprintf(f, "127.0.0.1\tlocalhost %s\n::1\tlocalhost ip6-localhost %s\n", name, name);
	bad = ferror(f);
	return fclose(f) || bad ? sysinit_failed("/etc/hosts") : 0;
}

static int take_identity(void)
{
	qdb_handle_t db = qdb_open_patient(NULL, QDB_RESTART_MS);
	char *name;
	int r;

	if (!db)
		return sysinit_failed("the QubesDB daemon cannot be reached");
	qdb_set_timeout(db, NAME_TIMEOUT_MS);
	name = read_name(db);
	if (!name) {
		sysinit_failed("dom0 did not tell this qube's name");
		qdb_close(db);
		return -1;
	}
	r = take_services(db) | take_kinds(db) | become(name);
	free(name);
	qdb_close(db);
	return r;
}

int main(void)
{
	int r;

	umask(0022);
	mkdir("/run/qubes-service", 0755);
	mkdir("/run/qubes", 0755);
	r = take_identity();
	return r | storage_setup() ? 1 : 0;
}
