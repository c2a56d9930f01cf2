// SPDX-License-Identifier: GPL-2.0-or-later
/* Lookup in hwdata's lists of vendors and products. The files are the system's: trusted. */
#include "dom0/qubesd/devices/hwids.h"

#include <stdbool.h>
#include <string.h>
#include <unistd.h>

#define NAME_MAX_LEN 255
/* What is remembered; more than a computer has devices. */
#define CACHE_MAX 1024

typedef struct {
	char *vendor, *product; /* owned; NULL: not known */
} Names;

struct HwIds {
	char *path; /* owned; NULL: there is no such file */
	GMutex *lock;
	GHashTable *cache; /* owned; "vvvv:pppp" -> Names* */
};

static void names_free(gpointer p)
{
	Names *n = p;

	g_free(n->vendor);
	g_free(n->product);
	g_free(n);
}

HwIds *hwids_new_for(const char *path)
{
	HwIds *ids = g_new0(HwIds, 1);

	ids->path = g_strdup(path);
	ids->lock = g_new0(GMutex, 1);
	g_mutex_init(ids->lock);
	ids->cache = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, names_free);
	return ids;
}

HwIds *hwids_new(const char *file)
{
	static const char *const dirs[] = {"/usr/share/hwdata", "/usr/share/misc"};

	for (size_t i = 0; i < G_N_ELEMENTS(dirs); i++) {
		g_autofree char *path = g_build_filename(dirs[i], file, NULL);

		if (access(path, R_OK) == 0)
			return hwids_new_for(path);
	}
	return hwids_new_for(NULL);
}

void hwids_free(HwIds *ids)
{
	if (!ids)
		return;
	g_hash_table_unref(ids->cache);
	g_mutex_clear(ids->lock);
	g_free(ids->lock);
	g_free(ids->path);
	g_free(ids);
}

static char *printable(const char *s, size_t n)
{
	char *text = g_strndup(s, MIN(n, NAME_MAX_LEN));

	for (char *p = text; *p; p++)
		if (*p < ' ' || *p >= 0x7f)
			*p = '_';
	return g_strstrip(text);
}

static bool is_number(const char *line, const char *end, const char *number)
{
	return end - line > 6 && !g_ascii_strncasecmp(line, number, 4) && line[4] == ' ';
}

/* "vvvv  Vendor", below it "<tab>pppp  Product". */
static void scan(const char *text, size_t len, const char *vendor, const char *product, Names *n)
{
	const char *stop = text + len;

	for (const char *line = text; line < stop;) {
		const char *nl = memchr(line, '\n', (size_t)(stop - line));
		const char *end = nl ? nl : stop;

		if (n->vendor && *line == '\t' && line[1] != '\t') {
			if (is_number(line + 1, end, product)) {
				n->product = printable(line + 6, (size_t)(end - line - 6));
				return;
			}
		} else if (n->vendor && *line != '\t' && *line != '#' && end > line) {
			return; /* the next vendor */
		} else if (!n->vendor && is_number(line, end, vendor)) {
			n->vendor = printable(line + 5, (size_t)(end - line - 5));
		}
		line = end + 1;
	}
}

static Names *look_up(const HwIds *ids, const char *vendor, const char *product)
{
	Names *n = g_new0(Names, 1);
	GMappedFile *map = ids->path ? g_mapped_file_new(ids->path, FALSE, NULL) : NULL;

	if (map && g_mapped_file_get_length(map))
		scan(g_mapped_file_get_contents(map), g_mapped_file_get_length(map), vendor,
		     product, n);
	if (map)
		g_mapped_file_unref(map);
	return n;
}

void hwids_names(const HwIds *ids, const char *vendor, const char *product, char **ret_vendor,
		 char **ret_product)
{
	g_autofree char *key = g_strdup_printf("%s:%s", vendor, product);
	Names *n;

	if (strlen(vendor) != 4 || strlen(product) != 4)
		return;
	g_mutex_lock(ids->lock);
	n = g_hash_table_lookup(ids->cache, key);
	if (!n) {
		if (g_hash_table_size(ids->cache) >= CACHE_MAX)
			g_hash_table_remove_all(ids->cache);
		n = look_up(ids, vendor, product);
		g_hash_table_insert(ids->cache, g_steal_pointer(&key), n);
	}
	if (n->vendor)
		*ret_vendor = g_strdup(n->vendor);
	if (n->product)
		*ret_product = g_strdup(n->product);
	g_mutex_unlock(ids->lock);
}
