/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * qvm-template-postprocess: what a template's package calls after it was unpacked and before it
 * is removed. The folder it names comes from the package, whose signature was checked; the
 * template itself, once started, is not trusted with more than any other qube.
 */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "dom0/admin/program.h"
#include "dom0/cli/commands.h"
#include "dom0/cli/ctx.h"
#include "dom0/cli/templateconf.h"
#include "qrexec/base/cleanup.h"

static bool call(struct ctx *c, const char *vm, const char *method, const char *arg,
		 const char *payload, GError **err)
{
	return admin_do(c->admin, vm, method, arg, payload, err);
}

/* The value of a line KEY=VALUE; NULL: there is none. g_free(). */
static char *line_of(const char *text, const char *key)
{
	g_auto(GStrv) lines = g_strsplit(text, "\n", -1);
	size_t len = strlen(key);

	for (char **l = lines; *l; l++)
		if (g_str_has_prefix(*l, key) && (*l)[len] == '=')
			return g_strdup(*l + len + 1);
	return NULL;
}

/* Whether the image that the package brought is the volume's already: it was unpacked over it. */
static bool in_place(struct ctx *c, const char *vm, const char *dir)
{
	g_autofree char *info =
		admin_call(c->admin, vm, "admin.vm.volume.Info", "root", NULL, NULL);
	g_autofree char *pool = info ? line_of(info, "pool") : NULL;
	g_autofree char *vid = info ? line_of(info, "vid") : NULL;
	g_autofree char *of_pool =
		pool ? admin_call(c->admin, "dom0", "admin.pool.Info", pool, NULL, NULL) : NULL;
	g_autofree char *driver = of_pool ? line_of(of_pool, "driver") : NULL;
	g_autofree char *base = of_pool ? line_of(of_pool, "dir_path") : NULL;
	g_autofree char *image = base && vid ? g_strdup_printf("%s/%s.img", base, vid) : NULL;
	g_autofree char *brought = g_build_filename(dir, "root.img", NULL);

	return image && driver && word_in("file file-reflink", driver, strlen(driver)) &&
	       !strcmp(image, brought);
}

/* The command whose output is root.img, and its size; both of what the package brought. */
static bool find_root(const char *dir, char **ret_command, guint64 *ret_size, GError **err)
{
	g_autofree char *plain = g_build_filename(dir, "root.img", NULL);
	g_autofree char *tar = g_strconcat(plain, ".tar", NULL);
	g_autofree char *part = g_strconcat(plain, ".part.00", NULL);
	g_autofree char *package = g_build_filename(dir, "template.rpm", NULL);
	g_autofree char *quoted = g_shell_quote(dir), *list = NULL, *out = NULL;
	struct stat st;
	const char *p;

	*ret_command = NULL;
	if (access(part, F_OK) != 0 && access(tar, F_OK) != 0) {
		if (stat(plain, &st) < 0) {
			g_set_error(err, ADMIN_ERROR, ADMIN_ERROR_OTHER, "root.img not found in %s",
				    dir);
			return false;
		}
		*ret_size = (guint64)st.st_size;
		return true;
	}
	/* The first block of the archive says how large the only file in it is. */
	list = g_strdup_printf("LC_ALL=C tar -tvf %s/root.img.%s 2>/dev/null | head -n 1", quoted,
			       access(part, F_OK) == 0 ? "part.00" : "tar");
	p = g_spawn_sync(NULL, (char *[]){(char *)"/bin/sh", (char *)"-c", list, NULL}, NULL, 0,
			 NULL, NULL, &out, NULL, NULL, NULL)
		    ? out
		    : "";
	for (int field = 0; field < 2 && *p; field++) {
		p += strcspn(p, " ");
		p += strspn(p, " ");
	}
	*ret_size = g_ascii_strtoull(p, NULL, 10);
	if (!*ret_size) {
		g_set_error(err, ADMIN_ERROR, ADMIN_ERROR_OTHER, "cannot read the archive in %s",
			    dir);
		return false;
	}
	if (access(part, F_OK) != 0)
		*ret_command = g_strdup_printf("exec tar -xSOf %s/root.img.tar", quoted);
	else if (access(package, F_OK) == 0)
		/* Only the first part was unpacked: all are in the package that this links to. */
		*ret_command = g_strdup_printf("set -o pipefail; rpm2archive - <%s/template.rpm | "
					       "tar -xzSOf - --wildcards '*/root.img.part.*' | "
					       "tar -xSOf -",
					       quoted);
	else
		*ret_command = g_strdup_printf(
			"set -o pipefail; cat %s/root.img.part.* | tar -xSOf -", quoted);
	return true;
}

static bool import_root(struct ctx *c, const char *vm, const char *dir, GError **err)
{
	g_autofree char *command = NULL, *prefix = NULL;
	g_autofree char *plain = g_build_filename(dir, "root.img", NULL);
	_cleanup_close_ int fd = -1;
	guint64 size;
	pid_t pid = -1;
	bool ok;

	if (!find_root(dir, &command, &size, err))
		return false;
	if (!command && admin_is_local(c->admin) && in_place(c, vm, dir))
		return true;
	if (command) {
		const char *argv[] = {"/bin/bash", "-c", command, NULL};
		int out[2];

		if (pipe2(out, O_CLOEXEC) < 0)
			return false;
		pid = program_spawn(argv, -1, out[1], STDERR_FILENO, err);
		close(out[1]);
		fd = out[0];
		if (pid < 0)
			return false;
	} else {
		fd = open(plain, O_RDONLY | O_CLOEXEC);
	}
	prefix = g_strdup_printf("%" G_GUINT64_FORMAT "\n", size);
	ok = admin_call_stream(c->admin, vm, "admin.vm.volume.ImportWithSize", "root", prefix, fd,
			       err);
	if (pid > 0 && program_wait(pid) != 0 && ok) {
		g_set_error(err, ADMIN_ERROR, ADMIN_ERROR_OTHER, "root.img extraction failed");
		return false;
	}
	return ok;
}

/* Starts it once, so that it tells what it can do, without network. */
static void call_postinstall(struct ctx *c, const char *vm)
{
	struct service s = {.dest = vm, .name = "qubes.PostInstall", .err = STDERR_FILENO};
	g_autoptr(GError) e = NULL;
	int code = 0;

	if (!call(c, vm, "admin.vm.property.Set", "netvm", "", &e) ||
	    !call(c, vm, "admin.vm.feature.Set", "qrexec", "1", &e) ||
	    !call(c, vm, "admin.vm.Start", NULL, NULL, &e)) {
		fprintf(stderr, "%s: it could not be started: %s\n", vm, e->message);
		call(c, vm, "admin.vm.feature.Remove", "qrexec", NULL, NULL);
	} else {
		g_autofree char *out = service_run(c->admin, &s, NULL, &code, NULL);

		if (!out || code)
			fprintf(stderr, "%s: qubes.PostInstall service failed\n", vm);
		if (!call(c, vm, "admin.vm.Shutdown", "wait", NULL, NULL))
			call(c, vm, "admin.vm.Kill", NULL, NULL, NULL);
	}
	call(c, vm, "admin.vm.property.Reset", "netvm", NULL, NULL);
}

/* The package's files are in the template's own folder after a reinstallation: only the image
 * goes then. */
static void remove_source(const char *dir, bool own_folder)
{
	g_autofree char *quoted = g_shell_quote(dir);
	g_autofree char *command =
		own_folder ? g_strdup_printf("exec rm -f %s/root.img.part.*", quoted)
			   : g_strdup_printf("exec rm -rf -- %s", quoted);
	const char *argv[] = {"/bin/sh", "-c", command, NULL};
	pid_t pid = program_spawn(argv, -1, -1, STDERR_FILENO, NULL);

	if (pid > 0)
		program_wait(pid);
}

static bool create(struct ctx *c, const char *name, GError **err)
{
	const char *pool = args_get(c->args, "pool");
	g_autofree char *payload = g_strdup_printf("name=%s label=black%s%s", name,
						   pool ? " pool=" : "", pool ? pool : "");

	return call(c, "dom0",
		    pool ? "admin.vm.CreateInPool.TemplateVM" : "admin.vm.Create.TemplateVM", NULL,
		    payload, err);
}

static int post_install(struct ctx *c, const char *name, const char *dir)
{
	g_autofree char *home = g_strconcat("/var/lib/qubes/vm-templates/", name, NULL);
	bool exists = admin_vms_find(c->vms, name) != NULL;
	bool own_folder = admin_is_local(c->admin) && !strcmp(dir, home);
	g_autofree char *moved = NULL;
	GError *err = NULL;

	if (!exists && own_folder) {
		/* qubesd makes that folder itself. */
		moved = g_strconcat("/var/lib/qubes/vm-templates/tmp-", name, NULL);
		if (rename(dir, moved) < 0)
			return ctx_error(c, "cannot move %s away: %s", dir, g_strerror(errno));
		dir = moved;
	}
	if (!exists && !create(c, name, &err))
		return ctx_fail(c, err);
	if (!import_root(c, name, dir, &err)) {
		if (!exists)
			call(c, name, "admin.vm.Remove", NULL, NULL, NULL);
		return ctx_fail(c, err);
	}
	if ((exists && !call(c, name, "admin.vm.volume.Clear", "private", NULL, &err)) ||
	    !call(c, name, "admin.vm.property.Set", "installed_by_rpm",
		  args_has(c->args, "no_installed_by_rpm") ? "False" : "True", &err) ||
	    !templateconf_menus(c, name, dir, &err) || !templateconf_apply(c, name, dir, &err))
		return ctx_fail(c, err);
	if (!args_has(c->args, "skip_start"))
		call_postinstall(c, name);
	if (!args_has(c->args, "keep_source"))
		remove_source(dir, own_folder && exists);
	return EXIT_OK;
}

static int pre_remove(struct ctx *c, const char *name)
{
	GError *err = NULL;
	bool used = false;

	if (!admin_vms_find(c->vms, name))
		return ctx_usage_error(c, "No Qube with this name exists");
	for (guint i = 0; i < c->vms->list->len; i++) {
		struct admin_vm *vm = g_ptr_array_index(c->vms->list, i);
		g_autofree char *template = admin_get_prop(c->admin, vm->name, "template");

		if (g_strcmp0(template, name) != 0)
			continue;
		used = true;
		fprintf(stderr, "%s: qube '%s' uses this template\n", c->prog, vm->name);
	}
	if (used)
		return ctx_error(c, "the template is in use: remove it with qvm-template, which "
				    "sees to the qubes that use it");
	if (!call(c, name, "admin.vm.property.Set", "installed_by_rpm", "False", &err) ||
	    !call(c, name, "admin.vm.Remove", NULL, NULL, &err))
		return ctx_fail(c, err);
	return EXIT_OK;
}

/* Whether / is not the system's: an installer unpacks packages like that. */
static bool in_chroot(void)
{
	struct stat own, init;

	return stat("/", &own) == 0 && stat("/proc/1/root/.", &init) == 0 &&
	       (own.st_dev != init.st_dev || own.st_ino != init.st_ino);
}

static int run(struct ctx *c)
{
	const char *action = args_get(c->args, "action"), *name = args_get(c->args, "name");
	GError *err = NULL;

	if (in_chroot()) {
		fprintf(stderr,
			"Running in chroot, ignoring request. Import the template with:\n"
			"%s --really %s %s %s\n",
			c->prog, action, name, args_get(c->args, "dir"));
		return EXIT_OK;
	}
	if (!args_has(c->args, "really"))
		return ctx_usage_error(c, "Do not call this tool directly.");
	if (strcmp(action, "post-install") != 0 && strcmp(action, "pre-remove") != 0)
		return ctx_usage_error(c,
				       "argument action: invalid choice: '%s' (choose from: "
				       "post-install, pre-remove)",
				       action);
	if (!ctx_vms(c, &err))
		return ctx_fail(c, err);
	return !strcmp(action, "pre-remove") ? pre_remove(c, name)
					     : post_install(c, name, args_get(c->args, "dir"));
}

static const struct opt opts[] = {
	{"--really", OPT_FLAG, NULL, NULL, "do it: only packages call this"},
	{"--skip-start", OPT_FLAG, NULL, NULL, "do not start the template to learn what it can do"},
	{"--keep-source", OPT_FLAG, NULL, NULL, "leave the folder of the package there"},
	{"--no-installed-by-rpm", OPT_FLAG, NULL, NULL, "do not set installed_by_rpm"},
	{"--allow-pv", OPT_FLAG, NULL, NULL, "let the package set virt_mode to pv"},
	{"--pool", OPT_VALUE, NULL, "POOL", "storage pool of a new template",
	 .complete = COMPLETE_POOL},
	{0},
};

static const struct pos pos[] = {
	{"action", POS_ONE, "ACTION", "post-install or pre-remove", 0, COMPLETE_NONE},
	{"name", POS_ONE, "NAME", "name of the template", 0, COMPLETE_TEMPLATE},
	{"dir", POS_ONE, "DIR", "folder that the package was unpacked to", 0, COMPLETE_FILE},
	{0},
};

const struct command qvm_template_postprocess = {
	.name = "qvm-template-postprocess",
	.summary = "Import an unpacked template package, or prepare its removal.",
	.opts = opts,
	.pos = pos,
	.run = run,
};
