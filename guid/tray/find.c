/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Icons by name (find.h): PNG files of folders of themes. What is only there as a drawing is not
 * shown. */
#include "guid/tray/find.h"

#include <fcntl.h>
#include <glob.h>
#include <limits.h>
#include <png.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "qrexec/base/cleanup.h"

/* NULL: there is none, or it is no file, which could keep us waiting. */
static FILE *open_file(const char *path)
{
	int fd = open(path, O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
	struct stat st;
	FILE *f = NULL;

	if (fd >= 0 && fstat(fd, &st) == 0 && S_ISREG(st.st_mode))
		f = fdopen(fd, "r");
	if (fd >= 0 && !f)
		close(fd);
	return f;
}

static bool read_png(const char *path, int size, struct image *ret)
{
	png_image png = {.version = PNG_IMAGE_VERSION};
	_cleanup_free_ unsigned char *bytes = NULL;
	FILE *f = open_file(path);
	bool ok;

	if (!f)
		return false;
	if (!png_image_begin_read_from_stdio(&png, f)) {
		fclose(f);
		return false;
	}
	/* The order of IconPixmap. */
	png.format = PNG_FORMAT_ARGB;
	if (png.width <= IMAGE_SIDE_MAX && png.height <= IMAGE_SIDE_MAX)
		bytes = malloc(PNG_IMAGE_SIZE(png));
	ok = bytes && png_image_finish_read(&png, NULL, bytes, 0, NULL) &&
	     image_offer(ret, (int)png.width, (int)png.height, bytes, PNG_IMAGE_SIZE(png), size);
	png_image_free(&png);
	fclose(f);
	return ok;
}

/* Whatever of the pattern can be read and is nearest to size. */
static bool read_all(const char *pattern, int size, struct image *ret)
{
	glob_t found;

	if (glob(pattern, 0, NULL, &found))
		return false;
	for (size_t i = 0; i < found.gl_pathc && i < 32; i++)
		read_png(found.gl_pathv[i], size, ret);
	globfree(&found);
	return ret->width > 0;
}

static bool in_folder(const char *format, const char *dir, const char *name, int size,
		      struct image *ret)
{
	char pattern[PATH_MAX];

#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
	if (snprintf(pattern, sizeof(pattern), format, dir, name) >= (int)sizeof(pattern))
		return false;
#pragma GCC diagnostic pop
	return read_all(pattern, size, ret);
}

bool find_icon(const char *name, const char *dir, int size, struct image *ret)
{
	static const char *const themes[] = {"hicolor", "Adwaita", "gnome", "breeze"};

	image_clear(ret);
	if (name[0] == '/')
		return read_png(name, size, ret);
	/* No patterns and no other folders. */
	if (!*name || strpbrk(name, "/*?[\\"))
		return false;
	if (dir && *dir && !strpbrk(dir, "*?[\\") &&
	    (in_folder("%s/%s.png", dir, name, size, ret) ||
	     in_folder("%s/hicolor/*x*/*/%s.png", dir, name, size, ret)))
		return true;
	for (size_t i = 0; i < ARRAY_LEN(themes); i++)
		if (in_folder("/usr/share/icons/%s/*x*/*/%s.png", themes[i], name, size, ret))
			return true;
	return in_folder("%s/%s.png", "/usr/share/pixmaps", name, size, ret);
}
