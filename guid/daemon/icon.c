/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Icons (icon.h). The file is dom0's. libpng is loaded by the child that needs it only. */
#include "guid/daemon/icon.h"

#include <dlfcn.h>
#include <errno.h>
#include <png.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "guid/daemon/log.h"
#include "qrexec/base/cleanup.h"
#include "qrexec/base/io.h"

static int (*begin)(png_imagep, const char *);
static int (*finish)(png_imagep, png_const_colorp, void *, png_int_32, void *);

static int load_decoder(void)
{
	void *lib = dlopen("libpng16.so.16", RTLD_NOW);
	void *p[2];

	if (!lib)
		return -ENOSYS;
	p[0] = dlsym(lib, "png_image_begin_read_from_file");
	p[1] = dlsym(lib, "png_image_finish_read");
	memcpy(&begin, &p[0], sizeof(begin));
	memcpy(&finish, &p[1], sizeof(finish));
	return p[0] && p[1] ? 0 : -ENOSYS;
}

/* In the child: writes width, height and the pixels to fd. */
static int decode(const char *path, int fd)
{
	png_image image = {.version = PNG_IMAGE_VERSION};
	uint32_t size[2], *pixels;

	if (load_decoder() || !begin(&image, path) || !image.width || !image.height ||
	    image.width > ICON_MAX_SIDE || image.height > ICON_MAX_SIDE)
		return 1;
	image.format = PNG_FORMAT_BGRA;
	pixels = malloc((size_t)image.width * image.height * 4);
	if (!pixels || !finish(&image, NULL, pixels, 0, NULL))
		return 1;
	size[0] = image.width;
	size[1] = image.height;
	return io_write_all(fd, size, sizeof(size)) ||
	       io_write_all(fd, pixels, (size_t)image.width * image.height * 4);
}

uint32_t *icon_load(const char *path, uint32_t *ret_words)
{
	const size_t max = 8 + (size_t)ICON_MAX_SIDE * ICON_MAX_SIDE * 4;
	char *data = NULL;
	int fds[2], status = 1, r;
	size_t n;
	pid_t pid;

	if (!path || path[0] != '/' || pipe(fds) < 0)
		return NULL;
	pid = fork();
	if (pid == 0)
		_exit(decode(path, fds[1]));
	close(fds[1]);
	r = pid < 0 ? -errno : io_read_to_end(fds[0], max, &data, &n);
	close(fds[0]);
	if (pid > 0)
		waitpid(pid, &status, 0);
	if (r || status || n < 12 || n % 4) {
		free(data);
		log_error("the icon %s cannot be used: not a PNG file of up to %d pixels a side",
			  path, ICON_MAX_SIDE);
		return NULL;
	}
	*ret_words = (uint32_t)(n / 4);
	return (uint32_t *)(void *)data;
}

#define CUBE 32 /* pixels a side */
#define OPAQUE 0xff000000u

/* Mixes with white (percent above 0) or black (below). */
static uint32_t shade(uint32_t rgb, int percent)
{
	uint32_t out = 0;

	for (int shift = 0; shift <= 16; shift += 8) {
		int v = rgb >> shift & 0xff;

		v += percent > 0 ? (255 - v) * percent / 100 : v * percent / 100;
		out |= (uint32_t)v << shift;
	}
	return out;
}

/* The face of a cube, seen from above its edge, that a pixel is on. */
static uint32_t cube_pixel(int x, int y, uint32_t rgb)
{
	/* In half pixels from the middle; edges fall 7 on 13. */
	int dx = abs(2 * x + 1 - CUBE), fall = dx * 7 / 13, at = 2 * y + 1;

	if (dx > 26 || at < 4 + fall || at > 60 - fall)
		return 0;
	if (at < 32 - fall)
		return OPAQUE | shade(rgb, 45);
	return OPAQUE | shade(rgb, x < CUBE / 2 ? 10 : -25);
}

uint32_t *icon_cube(uint32_t rgb, uint32_t *ret_words)
{
	uint32_t *icon = calloc(2 + CUBE * CUBE, sizeof(*icon));

	if (!icon)
		return NULL;
	icon[0] = icon[1] = CUBE;
	for (int i = 0; i < CUBE * CUBE; i++)
		icon[2 + i] = cube_pixel(i % CUBE, i / CUBE, rgb);
	*ret_words = 2 + CUBE * CUBE;
	return icon;
}
