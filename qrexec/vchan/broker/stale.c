/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Removes links of an earlier broker (stale.h). Only a broker can have put another
 * domain's socket into a domain's directory; the directories are hostile, so the number
 * of names looked at is limited.
 */
#include "qrexec/vchan/broker/stale.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdbool.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "qrexec/base/io.h"
#include "qrexec/vchan/place.h"
#include "qrexec/vchan/vchan.h"

#define NAMES_MAX 65536

static DIR *open_dir(int parent, const char *name)
{
	int fd = openat(parent, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	DIR *d = fd < 0 ? NULL : fdopendir(fd);

	if (!d && fd >= 0)
		close(fd);
	return d;
}

static bool is_foreign(int dir_fd, const char *name, unsigned own_base)
{
	struct stat st;

	if (strncmp(name, "vchan.", 6) != 0 || fstatat(dir_fd, name, &st, AT_SYMLINK_NOFOLLOW) < 0)
		return false;
	return S_ISSOCK(st.st_mode) && vchan_uid_base(st.st_uid) &&
	       vchan_uid_base(st.st_uid) != own_base;
}

static void clean_domain(int domains_fd, const char *name)
{
	DIR *d = open_dir(domains_fd, name);
	struct dirent *e;
	struct stat st;

	if (!d)
		return;
	if (fstat(dirfd(d), &st) == 0) {
		for (unsigned n = 0; n < NAMES_MAX && (e = readdir(d)); n++)
			if (is_foreign(dirfd(d), e->d_name, vchan_uid_base(st.st_uid)))
				unlinkat(dirfd(d), e->d_name, 0);
	}
	closedir(d);
}

void stale_links_remove(int domains_fd)
{
	DIR *d = open_dir(domains_fd, ".");
	struct dirent *e;
	unsigned long domain;

	if (!d)
		return;
	while ((e = readdir(d)))
		if (io_parse_uint(e->d_name, 1, VCHAN_DOMID_MAX, &domain) == 0)
			clean_domain(domains_fd, e->d_name);
	closedir(d);
}
