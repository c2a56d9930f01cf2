// SPDX-License-Identifier: GPL-2.0-or-later
/* Block devices of dom0 that can be lent. The kernel is trusted; names of files are not. */
#include "dom0/qubesd/devices/sysfs.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/sysmacros.h>

#define SECTOR 512u
#define PORT_MAX 12
#define TEXT_MAX 200

typedef struct {
	const char *sysfs;
	GHashTable *used; /* "major:minor" and names of what is mounted or swapped to */
	GPtrArray *out;
} Scan;

static char *read_text(const char *dir, const char *name)
{
	g_autofree char *path = g_build_filename(dir, name, NULL);
	char *text = NULL;

	return g_file_get_contents(path, &text, NULL, NULL) ? g_strstrip(text) : NULL;
}

static guint64 read_number(const char *dir, const char *name)
{
	g_autofree char *text = read_text(dir, name);

	return text ? g_ascii_strtoull(text, NULL, 10) : 0;
}

static bool has(const char *dir, const char *name)
{
	g_autofree char *path = g_build_filename(dir, name, NULL);

	return g_file_test(path, G_FILE_TEST_EXISTS);
}

/* --- what is in use --- */

/* Some file systems (btrfs) hide the number of their disk: its name counts, too. */
static void add_source(GHashTable *used, const char *line)
{
	const char *sep = strstr(line, " - ");
	g_auto(GStrv) word = g_strsplit(sep ? sep + 3 : "", " ", 3);
	g_autofree char *real = NULL;

	if (g_strv_length(word) < 2 || !g_str_has_prefix(word[1], "/dev/"))
		return;
	real = realpath(word[1], NULL);
	if (real)
		g_hash_table_add(used, g_path_get_basename(real));
}

static void add_mounts(GHashTable *used, const char *mountinfo)
{
	g_autofree char *text = NULL;
	g_auto(GStrv) line = NULL;

	if (!g_file_get_contents(mountinfo, &text, NULL, NULL))
		return;
	line = g_strsplit(text, "\n", -1);
	for (char **l = line; *l; l++) {
		unsigned major, minor;

		if (sscanf(*l, "%*u %*u %u:%u", &major, &minor) == 2)
			g_hash_table_add(used, g_strdup_printf("%u:%u", major, minor));
		add_source(used, *l);
	}
}

/* Swap is listed by path. */
static void add_swaps(GHashTable *used)
{
	g_autofree char *text = NULL;
	g_auto(GStrv) line = NULL;

	if (!g_file_get_contents("/proc/swaps", &text, NULL, NULL))
		return;
	line = g_strsplit(text, "\n", -1);
	for (char **l = line; *l; l++) {
		g_autofree char *path = g_strndup(*l, strcspn(*l, " \t"));
		g_autofree char *name = g_path_get_basename(path);
		g_autofree char *dev = g_strdup_printf("/sys/class/block/%s/dev", name);
		char *number = NULL;

		if (g_str_has_prefix(path, "/dev/") &&
		    g_file_get_contents(dev, &number, NULL, NULL))
			g_hash_table_add(used, g_strstrip(number));
	}
}

static bool has_holder(const char *dir)
{
	g_autofree char *path = g_build_filename(dir, "holders", NULL);
	g_autoptr(GDir) holders = g_dir_open(path, 0, NULL);

	return holders && g_dir_read_name(holders);
}

static bool is_used(const Scan *s, const char *dir)
{
	g_autofree char *dev = read_text(dir, "dev"), *name = g_path_get_basename(dir);

	return !dev || g_hash_table_contains(s->used, name) ||
	       g_hash_table_contains(s->used, dev) || has_holder(dir);
}

/* A disk is taken when one of its partitions is. */
static bool part_is_used(const Scan *s, const char *dir)
{
	g_autoptr(GDir) d = g_dir_open(dir, 0, NULL);
	const char *name;

	while (d && (name = g_dir_read_name(d))) {
		g_autofree char *sub = g_build_filename(dir, name, NULL);

		if (has(sub, "partition") && is_used(s, sub))
			return true;
	}
	return false;
}

/* --- what is not for lending --- */

static bool is_excluded(const char *file)
{
	g_autofree char *dir = g_path_get_dirname(file);

	while (strlen(dir) > 1) {
		char *up;

		if (has(dir, EXCLUDE_MARK))
			return true;
		up = g_path_get_dirname(dir);
		g_free(dir);
		dir = up;
	}
	return false;
}

static bool port_ok(const char *name)
{
	size_t n = strlen(name);

	return n && n <= PORT_MAX && strspn(name, "abcdefghijklmnopqrstuvwxyz0123456789-") == n;
}

/* Kinds that are not for lending: memory, flash chips, floppies, what was lent to us. */
static bool kind_ok(const char *name)
{
	static const char *const not [] = {"ram", "zram", "mtd", "mtdblock", "fd"};
	size_t letters = strcspn(name, "0123456789");

	for (size_t i = 0; i < G_N_ELEMENTS(not ); i++)
		if (letters == strlen(not [i]) && !strncmp(not [i], name, letters))
			return false;
	return !g_str_has_prefix(name, "xvd");
}

/* --- one device --- */

static char *clean(const char *text)
{
	char *s = g_strndup(text, TEXT_MAX);

	for (char *p = s; *p; p++)
		if (*p < ' ' || *p >= 0x7f)
			*p = '_';
	g_strstrip(s);
	if (*s)
		return s;
	g_free(s);
	return NULL;
}

static void describe(Device *d, const char *dir, const char *backing)
{
	g_autofree char *model = read_text(dir, "device/model");
	g_autofree char *dm = read_text(dir, "dm/name");
	const char *text = backing ? backing : dm ? dm : model;

	d->serial = text ? clean(text) : NULL;
	d->manufacturer = d->parent ? g_strdup_printf("sub-device of dom0:%s", d->parent)
				    : g_strdup("hosted by dom0");
}

static void identify(Device *d, const char *port)
{
	const char *p = port + strlen(port);

	while (p > port && g_ascii_isdigit(p[-1]))
		p--;
	g_free(d->id);
	d->id = g_strdup_printf(":%s", *p ? p : "None");
}

static Device *look_at(const Scan *s, const char *name, const char *dir, const char *parent)
{
	g_autofree char *backing = read_text(dir, "loop/backing_file");
	guint64 sectors = read_number(dir, "size");
	Device *d;

	if (!port_ok(name) || !kind_ok(name) || !sectors || is_used(s, dir) ||
	    part_is_used(s, dir) || (backing && is_excluded(backing)))
		return NULL;
	d = device_new(DEV_BLOCK, "dom0", name);
	g_free(d->interfaces);
	d->interfaces = g_strdup("b******");
	d->parent = g_strdup(parent);
	d->parent_class = DEV_BLOCK;
	d->size = sectors <= G_MAXUINT64 / SECTOR ? sectors * SECTOR : 0;
	d->read_only = read_number(dir, "ro") != 0 || g_str_has_prefix(name, "sr");
	describe(d, dir, backing);
	identify(d, name);
	return d;
}

/* A partition's identity begins with its disk's. */
static void look_at_parts(const Scan *s, const Device *disk, const char *dir)
{
	g_autoptr(GDir) d = g_dir_open(dir, 0, NULL);
	const char *name;

	while (d && (name = g_dir_read_name(d))) {
		g_autofree char *sub = g_build_filename(dir, name, NULL);
		Device *part = has(sub, "partition") ? look_at(s, name, sub, disk->port) : NULL;
		char *id;

		if (!part)
			continue;
		id = g_strconcat(disk->id, part->id, NULL);
		g_free(part->id);
		part->id = id;
		if (!part->serial)
			part->serial = g_strdup(disk->serial);
		g_ptr_array_add(s->out, part);
	}
}

/* Where the disk itself is taken because one part is, its other parts are still free. */
static void look_at_disk(const Scan *s, const char *name)
{
	g_autofree char *dir = g_build_filename(s->sysfs, "block", name, NULL);
	g_autofree char *backing = read_text(dir, "loop/backing_file");
	g_autoptr(Device) disk = look_at(s, name, dir, NULL);

	if (disk) {
		g_ptr_array_add(s->out, device_ref(disk));
	} else {
		if (!port_ok(name) || !kind_ok(name) || is_used(s, dir) ||
		    (backing && is_excluded(backing)))
			return;
		disk = device_new(DEV_BLOCK, "dom0", name);
		identify(disk, name);
	}
	look_at_parts(s, disk, dir);
}

static gint by_port(gconstpointer a, gconstpointer b)
{
	return strcmp((*(Device *const *)a)->port, (*(Device *const *)b)->port);
}

void sysfs_block(const char *sysfs, GPtrArray *block)
{
	g_autofree char *path = g_build_filename(sysfs, "block", NULL);
	g_autoptr(GDir) dir = g_dir_open(path, 0, NULL);
	Scan s = {.sysfs = sysfs, .out = block};
	const char *name;

	s.used = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
	add_mounts(s.used, "/proc/self/mountinfo");
	add_mounts(s.used, "/proc/1/mountinfo");
	add_swaps(s.used);
	while (dir && (name = g_dir_read_name(dir)))
		look_at_disk(&s, name);
	g_hash_table_unref(s.used);
	g_ptr_array_sort(block, by_port);
}
