/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The receiver of qubes.Filecopy on real directories, with arbitrary bytes as the stream. The
 * first byte chooses its options. Nothing may appear outside its directory.
 */
#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "qrexec/filecopy/unpack.h"
#include "qrexec/filecopy/verdict.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static char top[64], inside[80];

static int remove_one(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
	(void)st;
	(void)type;
	return ftw->level ? remove(path) : 0;
}

static int make_accessible(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
	(void)ftw;
	if (type == FTW_D || type == FTW_DNR)
		chmod(path, (st->st_mode & 0700) | 0700);
	return 0;
}

static void clean(void)
{
	nftw(inside, make_accessible, 16, FTW_PHYS);
	nftw(inside, remove_one, 16, FTW_PHYS | FTW_DEPTH);
}

static void at_end(void)
{
	clean();
	rmdir(inside);
	rmdir(top);
}

/* In memory, where syncing costs nothing. */
static void set_up(void)
{
	if (top[0])
		return;
	snprintf(top, sizeof(top), "%s/fuzz-unpack.XXXXXX",
		 access("/dev/shm", W_OK) == 0 ? "/dev/shm" : "/tmp");
	assert(mkdtemp(top));
	snprintf(inside, sizeof(inside), "%s/in", top);
	assert(mkdir(inside, 0700) == 0);
	umask(0);
	atexit(at_end);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct unpack u;
	char shown[VERDICT_NAME_MAX];
	struct stat st;
	int r;

	if (size < 1 || size > 100000)
		return 0;
	set_up();
	u = (struct unpack){.any_chars = data[0] & 1,
			    .any_links = data[0] & 2,
			    .max_bytes = data[0] & 4 ? 1000 : 0,
			    .max_files = data[0] & 8 ? 3 : 0};
	u.in = memfd_create("stream", MFD_CLOEXEC);
	u.root = open(inside, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	assert(u.in >= 0 && u.root >= 0);
	assert(write(u.in, data + 1, size - 1) == (ssize_t)(size - 1) &&
	       lseek(u.in, 0, SEEK_SET) == 0);
	r = unpack_all(&u);
	assert(r >= 0 && verdict_meaning((uint32_t)r));
	verdict_show_name(u.untrusted_name, shown);
	assert(strlen(shown) < sizeof(shown));
	close(u.in);
	close(u.root);
	/* "." , ".." and "in": nothing new beside it. */
	assert(stat(top, &st) == 0 && st.st_nlink == 3);
	clean();
	return 0;
}
