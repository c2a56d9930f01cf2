/* SPDX-License-Identifier: GPL-2.0-or-later */
/* qvm-volume: the volumes of qubes. */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "dom0/cli/commands.h"
#include "dom0/cli/volume.h"
#include "qrexec/base/cleanup.h"

/* The volume named VM:VOLUME by the positional dest. EXIT_OK, or a status after a message. */
static int find(struct ctx *c, const char *dest, struct volume_ref *ret)
{
	const char *text = args_get(c->args, dest), *colon = strchr(text, ':');
	g_autofree char *vm = colon ? g_strndup(text, (gsize)(colon - text)) : NULL;
	g_auto(GStrv) names = NULL;
	GError *err = NULL;

	if (!colon || strchr(colon + 1, ':'))
		return ctx_usage_error(c, "expected a vm & volume combination like foo:bar");
	if (!ctx_vms(c, &err))
		return ctx_fail(c, err);
	ret->vm = admin_vms_find(c->vms, vm);
	ret->name = colon + 1;
	if (!ret->vm) {
		const char *close = admin_vms_suggest(c->vms, vm);

		return ctx_error(c, "no vm '%s'%s%s%s", vm, close ? "; did you mean '" : "",
				 close ? close : "", close ? "'?" : "");
	}
	names = admin_list(c->admin, vm, "admin.vm.volume.List", &err);
	if (!names)
		return ctx_fail(c, err);
	if (!g_strv_contains((const char *const *)names, ret->name))
		return ctx_error(c, "vm '%s' has no volume '%s'", vm, ret->name);
	return EXIT_OK;
}

static int call(struct ctx *c, const struct volume_ref *v, const char *method, const char *payload)
{
	g_autofree char *full = g_strconcat("admin.vm.volume.", method, NULL);
	GError *err = NULL;

	return admin_do(c->admin, v->vm->name, full, v->name, payload, &err) ? EXIT_OK
									     : ctx_fail(c, err);
}

static int info(struct ctx *c)
{
	struct volume_ref v;
	int r = find(c, "volume", &v);

	return r ? r : volume_show(c, &v, args_get(c->args, "property"));
}

static int config(struct ctx *c)
{
	const char *prop = args_get(c->args, "property");
	g_autofree char *method = g_strconcat("Set.", prop, NULL);
	struct volume_ref v;
	int r = find(c, "volume", &v);

	if (!r && !word_in("rw revisions_to_keep ephemeral", prop, strlen(prop)))
		r = ctx_error(c, "Invalid property: %s", prop);
	return r ? r : call(c, &v, method, args_get(c->args, "value"));
}

static int resize(struct ctx *c)
{
	g_autoptr(GHashTable) have = NULL;
	g_autofree char *payload = NULL;
	struct volume_ref v;
	GError *err = NULL;
	guint64 size, now;
	int r = find(c, "volume", &v);

	if (r)
		return r;
	if (!volume_parse_size(args_get(c->args, "size"), &size))
		return ctx_error(c,
				 "Invalid size: %s (use bytes, or a number with K, M, G, KiB, "
				 "MiB or GiB)",
				 args_get(c->args, "size"));
	if (!args_has(c->args, "force")) {
		have = volume_info(c->admin, v.vm->name, v.name, &err);
		if (!have)
			return ctx_fail(c, err);
		now = volume_number(have, "size");
		if (size < now)
			return ctx_error(c,
					 "refusing to shrink %s:%s from %" G_GUINT64_FORMAT
					 " to %" G_GUINT64_FORMAT
					 " bytes: shrink its filesystem (and "
					 "partition) inside a qube first, then use --force",
					 v.vm->name, v.name, now, size);
	}
	payload = g_strdup_printf("%" G_GUINT64_FORMAT, size);
	return call(c, &v, "Resize", payload);
}

static int revert(struct ctx *c)
{
	const char *revision = args_get(c->args, "revision");
	g_auto(GStrv) all = NULL;
	struct volume_ref v;
	GError *err = NULL;
	int r = find(c, "volume", &v);

	if (r)
		return r;
	if (!revision) {
		all = volume_revisions(c->admin, v.vm->name, v.name, &err);
		if (!all)
			return ctx_fail(c, err);
		if (!*all)
			return ctx_error(c, "%s:%s has no revisions to revert to", v.vm->name,
					 v.name);
		revision = all[g_strv_length(all) - 1];
	}
	return call(c, &v, "Revert", revision);
}

static int import(struct ctx *c)
{
	const char *path = args_get(c->args, "input_path");
	bool from_stdin = !strcmp(path, "-"), plain = args_has(c->args, "no_resize");
	_cleanup_close_ int file = from_stdin ? -1 : open(path, O_RDONLY | O_CLOEXEC);
	int fd = from_stdin ? STDIN_FILENO : file;
	g_autofree char *size = NULL;
	struct volume_ref v;
	struct stat st;
	GError *err = NULL;
	int r = find(c, "volume", &v);

	if (r)
		return r;
	if (fd < 0 || fstat(fd, &st) < 0)
		return ctx_error(c, "cannot read '%s': %s", path, g_strerror(errno));
	if (args_has(c->args, "size"))
		size = g_strdup_printf("%s\n", args_get(c->args, "size"));
	else if (S_ISREG(st.st_mode))
		size = g_strdup_printf("%" G_GINT64_FORMAT "\n", (gint64)st.st_size);
	else if (!plain)
		return ctx_error(c, "the size of a pipe is not known: give it with --size, or keep "
				    "the volume's with --no-resize");
	if (admin_call_stream(c->admin, v.vm->name,
			      plain ? "admin.vm.volume.Import" : "admin.vm.volume.ImportWithSize",
			      v.name, plain ? NULL : size, fd, &err))
		return EXIT_OK;
	return ctx_fail(c, err);
}

/* Asks before something that cannot be taken back. False with the status to exit with: a no is
 * no failure, but nobody there to answer is one. */
static bool agreed(struct ctx *c, const char *cancelled, int *ret_status)
{
	g_autofree char *answer = NULL;

	if (args_has(c->args, "force"))
		return true;
	answer = ctx_ask("Are you sure? [y/N] ");
	if (!answer) {
		putchar('\n');
		*ret_status = ctx_error(c, "%s Nobody answered; --force does not ask.", cancelled);
		return false;
	}
	if (!g_ascii_strcasecmp(answer, "y"))
		return true;
	puts(cancelled);
	*ret_status = EXIT_OK;
	return false;
}

static int clone_volume(struct ctx *c)
{
	struct volume_ref src, dst;
	g_autoptr(GHashTable) a = NULL;
	g_autoptr(GHashTable) b = NULL;
	g_autofree char *token = NULL;
	GError *err = NULL;
	int r = find(c, "src_volume", &src);

	if (!r)
		r = find(c, "dst_volume", &dst);
	if (r)
		return r;
	a = volume_info(c->admin, src.vm->name, src.name, &err);
	b = a ? volume_info(c->admin, dst.vm->name, dst.name, &err) : NULL;
	if (!b)
		return ctx_fail(c, err);
	if (!volume_flag(a, "save_on_stop") || !volume_flag(b, "save_on_stop"))
		return ctx_error(c, "only volumes that are kept (save_on_stop) can be cloned");
	if (!args_has(c->args, "force"))
		printf("This will clone the data from %s:%s into %s:%s!\n"
		       "(Data in %s:%s may be preserved in a revision.)\n",
		       src.vm->name, src.name, dst.vm->name, dst.name, dst.vm->name, dst.name);
	if (!agreed(c, "Clone cancelled.", &r))
		return r;
	token = admin_call(c->admin, src.vm->name, "admin.vm.volume.CloneFrom", src.name, NULL,
			   &err);
	return token ? call(c, &dst, "CloneTo", token) : ctx_fail(c, err);
}

static int clear(struct ctx *c)
{
	struct volume_ref v;
	int r = find(c, "volume", &v);

	if (r)
		return r;
	if (!args_has(c->args, "force"))
		puts("This will empty the volume!\n(Data may be preserved in a revision.)");
	return agreed(c, "Clear cancelled.", &r) ? call(c, &v, "Clear", NULL) : r;
}

#define VOLUME_POS                                                                                 \
	{                                                                                          \
		"volume", POS_ONE, "VM:VOLUME", "the volume", 0, COMPLETE_VOLUME                   \
	}

static const struct pos info_pos[] = {
	VOLUME_POS, {"property", POS_OPTIONAL, "PROPERTY", "show only this one"}, {0}};
static const struct pos config_pos[] = {
	VOLUME_POS,
	{"property", POS_ONE, "PROPERTY", "rw, revisions_to_keep or ephemeral"},
	{"value", POS_ONE, "VALUE", "its new value"},
	{0}};
static const struct pos resize_pos[] = {
	VOLUME_POS, {"size", POS_ONE, "SIZE", "new size, in bytes or with a unit"}, {0}};
static const struct pos revert_pos[] = {
	VOLUME_POS, {"revision", POS_OPTIONAL, "REVISION", "the latest one if not given"}, {0}};
static const struct pos import_pos[] = {
	VOLUME_POS,
	{"input_path", POS_ONE, "PATH", "file, or - for standard input", 0, COMPLETE_FILE},
	{0}};
static const struct pos clone_pos[] = {
	{"src_volume", POS_ONE, "SOURCE_VM:VOLUME", "volume to read", 0, COMPLETE_VOLUME},
	{"dst_volume", POS_ONE, "DESTINATION_VM:VOLUME", "volume to replace", 0, COMPLETE_VOLUME},
	{0}};
static const struct pos clear_pos[] = {VOLUME_POS, {0}};

static const struct opt list_opts[] = {
	{"-p --pool", OPT_LIST, "pools", "POOL_NAME", "only volumes of this pool",
	 .complete = COMPLETE_POOL},
	{"--full", OPT_FLAG, NULL, NULL, "repeat the volume's name for each qube that uses it"},
	OPT_FORMAT,
	{0}};
static const struct opt force_opts[] = {{"--force -f", OPT_FLAG, NULL, NULL, "do not ask"}, {0}};
static const struct opt resize_opts[] = {
	{"--force -f", OPT_FLAG, NULL, NULL, "also when that makes the volume smaller"}, {0}};
static const struct opt import_opts[] = {
	{"--size", OPT_INT, NULL, "BYTES", "size of the volume; that of the file if not given"},
	{"--no-resize", OPT_FLAG, NULL, NULL, "keep the size of the volume"},
	{0}};
static const struct opt info_opts[] = {OPT_FORMAT, {0}};

static const struct command subs[] = {
	{"info", "i", "show a volume", .opts = info_opts, .pos = info_pos, .run = info},
	{"config", "c set s", "change an option of a volume", .pos = config_pos, .run = config},
	{"resize", "extend", "change the size of a volume", .opts = resize_opts, .pos = resize_pos,
	 .run = resize},
	{"list", "ls l", "list volumes", .flags = CMD_VMS_OPTIONAL, .opts = list_opts,
	 .run = volume_list},
	{"revert", "rv r", "go back to an earlier revision", .pos = revert_pos, .run = revert},
	{"import", NULL, "replace the data of a volume", .opts = import_opts, .pos = import_pos,
	 .run = import},
	{"clone", NULL, "copy the data of a volume", .opts = force_opts, .pos = clone_pos,
	 .run = clone_volume},
	{"clear", NULL, "empty a volume", .opts = force_opts, .pos = clear_pos, .run = clear},
	{0},
};

static const struct pos pos[] = {{"command", POS_COMMAND, "COMMAND", NULL}, {0}};

const struct command qvm_volume = {
	.name = "qvm-volume",
	.summary = "Manage the volumes of qubes.",
	.pos = pos,
	.subs = subs,
	.run = volume_list,
};
