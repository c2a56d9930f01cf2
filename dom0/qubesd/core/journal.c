// SPDX-License-Identifier: GPL-2.0-or-later
/* Unfinished creations and removals. */
#include "dom0/qubesd/core/journal.h"

#include "dom0/qubesd/core/names.h"
#include "dom0/qubesd/core/volume.h"
#include "qrexec/base/io.h"

#include <string.h>
#include <unistd.h>

#define DIR_FORMAT "%s/var/lib/qubes/unfinished"

struct Journal {
	char *path, *dir; /* owned */
};

Journal *journal_begin(const char *root, const char *uuid, const char *name, const char *dir,
		       GPtrArray *volumes)
{
	Journal *j = g_new0(Journal, 1);
	g_autofree char *folder = g_strdup_printf(DIR_FORMAT, root);
	g_autoptr(GString) text = g_string_new(NULL);
	g_autoptr(GError) why = NULL;

	j->path = g_build_filename(folder, uuid, NULL);
	j->dir = g_strdup(dir);
	g_string_append_printf(text, "name %s\n", name);
	for (guint i = 0; volumes && i < volumes->len; i++) {
		const VolumeCopy *c = g_ptr_array_index(volumes, i);

		if (c->id != VOL_KERNEL)
			g_string_append_printf(text, "volume %s %s %s\n", c->spec.name,
					       c->pool->name, c->spec.vid);
	}
	/* Without it only a crash would leave something: not worth failing for. */
	if (io_mkdir_p(folder, 0770) ||
	    !g_file_set_contents(j->path, text->str, (gssize)text->len, &why))
		g_warning("%s: %s", j->path, why ? why->message : "cannot make the folder");
	return j;
}

void journal_end(Journal *j)
{
	if (!j)
		return;
	unlink(j->path);
	g_free(j->path);
	g_free(j->dir);
	g_free(j);
}

/* The few files of ours; never follows a link, never descends. */
static void remove_folder(const char *dir)
{
	static const char *const ours[] = {"firewall.xml", "notes.txt", "libvirt.xml"};

	if (!*dir)
		return;
	for (size_t i = 0; i < G_N_ELEMENTS(ours); i++) {
		g_autofree char *path = g_build_filename(dir, ours[i], NULL);

		unlink(path);
	}
	rmdir(dir);
}

void journal_remove_images(Journal *j, GPtrArray *volumes)
{
	for (guint i = 0; volumes && i < volumes->len; i++) {
		const VolumeCopy *c = g_ptr_array_index(volumes, i);
		g_autoptr(GError) why = NULL;

		if (c->id != VOL_KERNEL && !volume_remove(&c->spec, &why))
			g_warning("volume %s: %s", c->spec.vid, why->message);
	}
	remove_folder(j->dir);
}

/* --- at start --- */

static void remove_listed(App *app, const char *line)
{
	g_auto(GStrv) word = g_strsplit(line, " ", -1);
	Pool *pool = g_strv_length(word) == 4 ? app_pool(app, word[2]) : NULL;
	g_autoptr(GError) why = NULL;
	VolumeSpec spec;

	if (!pool || !pool->storage || strcmp(word[0], "volume"))
		return;
	spec = (VolumeSpec){.name = word[1],
			    .vid = word[3],
			    .pool = pool->storage,
			    .rw = TRUE,
			    .save_on_stop = TRUE};
	if (!volume_remove(&spec, &why) &&
	    !g_error_matches(why, STORAGE_ERROR, STORAGE_ERROR_NOT_FOUND))
		g_warning("volume %s: %s", spec.vid, why->message);
}

static void replay_one(App *app, const char *path, const char *uuid)
{
	g_autofree char *text = NULL;
	g_auto(GStrv) line = NULL;

	if (!app_domain_by_uuid(app, uuid) && g_file_get_contents(path, &text, NULL, NULL)) {
		line = g_strsplit(text, "\n", -1);
		for (char **l = line; *l; l++)
			remove_listed(app, *l);
		if (g_str_has_prefix(line[0], "name ") && name_check_qube(line[0] + 5, NULL) &&
		    !app_domain(app, line[0] + 5)) {
			static const char *const homes[] = {"appvms", "vm-templates"};

			for (size_t i = 0; i < G_N_ELEMENTS(homes); i++) {
				g_autofree char *dir =
					g_strdup_printf("%s/var/lib/qubes/%s/%s", app->opt.root,
							homes[i], line[0] + 5);
				remove_folder(dir);
			}
		}
		g_message("finished what was left half-done: %s", line[0]);
	}
	unlink(path);
}

void journal_replay(App *app)
{
	g_autofree char *folder = g_strdup_printf(DIR_FORMAT, app->opt.root);
	g_autoptr(GDir) dir = g_dir_open(folder, 0, NULL);
	const char *uuid;

	while (dir && (uuid = g_dir_read_name(dir))) {
		g_autofree char *path = g_build_filename(folder, uuid, NULL);

		if (name_is_uuid(uuid))
			replay_one(app, path, uuid);
		else
			unlink(path); /* a file that was just being written: nothing had begun */
	}
}
