// SPDX-License-Identifier: GPL-2.0-or-later
/* What is asked of lvm(8), and its report. Peer: lvm, a program of dom0. */
#include "dom0/qubesd/storage/command.h"
#include "dom0/qubesd/storage/lvm.h"

#include <json-glib/json-glib.h>
#include <string.h>
#include <unistd.h>

/* --- the report --- */

static void info_free(gpointer p)
{
	LvInfo *i = p;

	g_free(i->pool);
	g_free(i->attr);
	g_free(i->origin);
	g_free(i);
}

static const char *text_of(JsonObject *row, const char *key)
{
	JsonNode *n = json_object_get_member(row, key);

	return n && json_node_get_value_type(n) == G_TYPE_STRING ? json_node_get_string(n) : "";
}

/* "1073741824B" */
static guint64 bytes_of(const char *text)
{
	return g_ascii_strtoull(text, NULL, 10);
}

static guint64 part_of(guint64 size, const char *percent)
{
	return *percent ? (guint64)((double)size / 100 * g_ascii_strtod(percent, NULL)) : 0;
}

static void take_row(LvReport *r, JsonObject *row)
{
	const char *vg = text_of(row, "vg_name"), *lv = text_of(row, "lv_name");
	LvInfo *i;

	if (!*vg || !*lv || !*text_of(row, "lv_size"))
		return;
	i = g_new0(LvInfo, 1);
	i->size = bytes_of(text_of(row, "lv_size"));
	i->used = part_of(i->size, text_of(row, "data_percent"));
	i->metadata_size = bytes_of(text_of(row, "lv_metadata_size"));
	i->metadata_used = part_of(i->metadata_size, text_of(row, "metadata_percent"));
	i->pool = g_strdup(text_of(row, "pool_lv"));
	i->attr = g_strdup(text_of(row, "lv_attr"));
	i->origin = g_strdup(text_of(row, "origin"));
	g_hash_table_insert(r, g_strdup_printf("%s/%s", vg, lv), i);
}

/* The member of an object that is an array; NULL if it is not there. */
static JsonArray *array_in(JsonNode *node, const char *key)
{
	JsonNode *n = node && JSON_NODE_HOLDS_OBJECT(node)
			      ? json_object_get_member(json_node_get_object(node), key)
			      : NULL;

	return n && JSON_NODE_HOLDS_ARRAY(n) ? json_node_get_array(n) : NULL;
}

LvReport *lvm_report_parse(const char *json, GError **error)
{
	g_autoptr(JsonParser) parser = json_parser_new();
	g_autoptr(GError) why = NULL;
	JsonArray *reports = NULL, *rows = NULL;
	LvReport *r;

	if (json_parser_load_from_data(parser, json, -1, &why))
		reports = array_in(json_parser_get_root(parser), "report");
	if (reports && json_array_get_length(reports))
		rows = array_in(json_array_get_element(reports, 0), "lv");
	if (!rows) {
		g_set_error(error, STORAGE_ERROR, STORAGE_ERROR_FAILED,
			    "lvm printed no report of its volumes%s%s", why ? ": " : "",
			    why ? why->message : "");
		return NULL;
	}
	r = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, info_free);
	for (guint i = 0; i < json_array_get_length(rows); i++) {
		JsonNode *row = json_array_get_element(rows, i);

		if (JSON_NODE_HOLDS_OBJECT(row))
			take_row(r, json_node_get_object(row));
	}
	return r;
}

LvReport *lvm_report(GError **error)
{
	static const char *const argv[] = {
		"lvm",
		"lvs",
		"--quiet",
		"--quiet",
		"--noheadings",
		"-o",
		"vg_name,pool_lv,name,lv_size,data_percent,lv_attr,origin,lv_metadata_size,"
		"metadata_percent",
		"--units",
		"b",
		"--reportformat=json",
		NULL};
	g_autofree char *out = NULL;

	return command_run(argv, &out, error) ? lvm_report_parse(out, error) : NULL;
}

const LvInfo *lvm_find(LvReport *r, const char *lv)
{
	return g_hash_table_lookup(r, lv);
}

/* "1700000000-back": its time; -1 for anything else. */
static gint64 revision_time(const char *id)
{
	size_t digits = strspn(id, "0123456789");

	return digits && digits < 19 && !strcmp(id + digits, "-back")
		       ? g_ascii_strtoll(id, NULL, 10)
		       : -1;
}

static int by_time(gconstpointer a, gconstpointer b)
{
	gint64 x = revision_time(*(char *const *)a), y = revision_time(*(char *const *)b);

	return x < y ? -1 : x > y;
}

char **lvm_revision_ids(LvReport *r, const char *vid)
{
	g_autofree char *prefix = g_strconcat(vid, "-", NULL);
	GPtrArray *ids = g_ptr_array_new();
	GHashTableIter it;
	gpointer lv;

	g_hash_table_iter_init(&it, r);
	while (g_hash_table_iter_next(&it, &lv, NULL))
		if (g_str_has_prefix(lv, prefix) && revision_time((char *)lv + strlen(prefix)) >= 0)
			g_ptr_array_add(ids, g_strdup((char *)lv + strlen(prefix)));
	g_ptr_array_sort(ids, by_time);
	g_ptr_array_add(ids, NULL);
	return (char **)g_ptr_array_free(ids, FALSE);
}

char *lvm_current(LvReport *r, const char *vid)
{
	g_auto(GStrv) ids = NULL;
	guint n;

	if (lvm_find(r, vid))
		return g_strdup(vid);
	ids = lvm_revision_ids(r, vid);
	n = g_strv_length(ids);
	return n ? g_strconcat(vid, "-", ids[n - 1], NULL) : NULL;
}

/* --- commands --- */

char *lvm_device(const char *lv)
{
	g_auto(GStrv) parts = g_strsplit(lv, "-", -1);
	g_autofree char *doubled = g_strjoinv("--", parts);
	char *slash = strchr(doubled, '/');

	if (slash)
		*slash = '-';
	return g_strconcat("/dev/mapper/", doubled, NULL);
}

static gboolean change(StoragePool *pool, const char *const *argv, GError **error)
{
	gboolean ok = command_run(argv, NULL, error);

	lvm_forget(pool);
	return ok;
}

/* lvm takes whole sectors (and makes whole extents of them). */
static guint64 sectors(guint64 size)
{
	return (size + 511) / 512 * 512;
}

gboolean lvm_create(StoragePool *pool, const char *name, guint64 size, GError **error)
{
	g_autofree char *id = g_strdup_printf("%s/%s", storage_param(pool, "volume_group"),
					      storage_param(pool, "thin_pool"));
	g_autofree char *name_arg = g_strconcat("--name=", name, NULL);
	g_autofree char *size_arg =
		g_strdup_printf("--virtualsize=%" G_GUINT64_FORMAT "B", sectors(size));
	const char *const argv[] = {"lvm",
				    "lvcreate",
				    "--yes",
				    "--wipesignatures=n",
				    "--thin",
				    "--setactivationskip=n",
				    "--activate=y",
				    name_arg,
				    size_arg,
				    "--",
				    id,
				    NULL};

	return change(pool, argv, error);
}

/* A thin volume made of a thin volume is its snapshot. */
gboolean lvm_clone(StoragePool *pool, const char *lv, const char *name, GError **error)
{
	g_autofree char *name_arg = g_strconcat("--name=", name, NULL);
	const char *const argv[] = {"lvm",
				    "lvcreate",
				    "--setactivationskip=n",
				    "--activate=y",
				    "--type=thin",
				    name_arg,
				    "--",
				    lv,
				    NULL};

	return change(pool, argv, error);
}

gboolean lvm_rename(StoragePool *pool, const char *from, const char *to, GError **error)
{
	const char *const argv[] = {"lvm", "lvrename", "--", from, to, NULL};

	return change(pool, argv, error);
}

gboolean lvm_resize(StoragePool *pool, const char *lv, guint64 size, GError **error)
{
	g_autofree char *size_arg = g_strdup_printf("--size=%" G_GUINT64_FORMAT "B", sectors(size));
	const char *const argv[] = {"lvm",    "lvresize", "--yes", "--force",
				    size_arg, "--",	  lv,	   NULL};

	return change(pool, argv, error);
}

gboolean lvm_activate(StoragePool *pool, const char *lv, GError **error)
{
	const char *const argv[] = {"lvm", "lvchange", "--activate=y", "--", lv, NULL};

	return change(pool, argv, error);
}

gboolean lvm_remove(StoragePool *pool, const char *lv, GError **error)
{
	const char *const argv[] = {"lvm", "lvremove", "--force", "--", lv, NULL};
	g_autofree char *device = lvm_device(lv);
	const char *const discard[] = {"blkdiscard", "-p", "1G", device, NULL};

	/* In parts: of a large volume in one go, it would hold up the whole pool. */
	if (access(device, F_OK) == 0)
		command_run(discard, NULL, NULL);
	return change(pool, argv, error);
}
