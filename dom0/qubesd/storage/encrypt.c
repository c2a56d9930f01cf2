// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Ephemeral volumes: what a qube writes goes through dm-crypt with a random key that only the
 * kernel ever knows, so that after the stop nobody can read what is left on the disk.
 * Peer: cryptsetup(8), of dom0.
 */
#include "dom0/qubesd/storage/encrypt.h"

#include "dom0/qubesd/storage/command.h"
#include "dom0/qubesd/storage/fileio.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#define MAPPER "/dev/mapper/"
/* What stood there, decrypted with the new key, is noise that could be taken for something. */
#define CLEARED (1u << 20)

/* '-' and '_' of the qube's name escaped, so that no two names meet. */
char *encrypt_path(const VolumeSpec *v)
{
	GString *s = g_string_new(MAPPER "vm-volatile-");

	for (const char *p = v->qube; p && *p; p++) {
		if (*p == '_')
			g_string_append(s, "_u");
		else if (*p == '-')
			g_string_append(s, "_d");
		else
			g_string_append_c(s, *p);
	}
	g_string_append_printf(s, "-crypt@%s", v->name);
	return g_string_free(s, FALSE);
}

static gboolean close_mapping(const char *path, GError **error)
{
	const char *const argv[] = {"cryptsetup", "--", "close", path + strlen(MAPPER), NULL};

	return access(path, F_OK) < 0 || command_run(argv, NULL, error);
}

static gboolean clear_beginning(const char *path, GError **error)
{
	g_autofree char *zeroes = g_malloc0(CLEARED);
	int fd = open(path, O_WRONLY | O_CLOEXEC);
	ssize_t n = fd < 0 ? -1 : write(fd, zeroes, CLEARED);
	int err = errno;

	if (fd >= 0)
		close(fd);
	/* A short one is the end of a small volume. */
	return n > 0 || file_error(error, err, "clear", path);
}

gboolean encrypt_open(const VolumeSpec *v, const char *image, char **ret_path, GError **error)
{
	g_autofree char *path = encrypt_path(v);
	const char *const argv[] = {"cryptsetup",
				    "--key-file=/dev/urandom",
				    "--type=plain",
				    "--cipher=aes-xts-plain64",
				    "--",
				    "open",
				    image,
				    path + strlen(MAPPER),
				    NULL};

	if (!v->qube || access(MAPPER "control", F_OK) < 0) {
		g_set_error(error, STORAGE_ERROR, STORAGE_ERROR_NOT_SUPPORTED,
			    "Volume %s is ephemeral, but dom0's kernel has no device-mapper to "
			    "encrypt it with: load dm-crypt, or set its ephemeral to False",
			    v->vid);
		return FALSE;
	}
	if (!close_mapping(path, error) || !command_run(argv, NULL, error))
		return FALSE;
	if (!clear_beginning(path, error)) {
		close_mapping(path, NULL);
		return FALSE;
	}
	*ret_path = g_steal_pointer(&path);
	return TRUE;
}

gboolean encrypt_close(const VolumeSpec *v, GError **error)
{
	g_autofree char *path = NULL;

	/* The setting may have been changed since the start: what is there counts. */
	if (!v->qube || v->snap_on_start || v->save_on_stop)
		return TRUE;
	path = encrypt_path(v);
	return close_mapping(path, error);
}
