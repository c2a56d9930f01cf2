/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The drive of qvm-start (drive.h). A path in a qube becomes a loop device there, by
 * running losetup in it: the name it answers with is the qube's and is checked.
 */
#include "dom0/cli/drive.h"

#include <string.h>
#include <unistd.h>

#include "dom0/admin/service.h"
#include "dom0/admin/vm.h"

/* How often, a second apart, to look for a new loop device. */
#define APPEAR_TRIES 10

static bool refuse(GError **err, const char *format, ...) G_GNUC_PRINTF(2, 3);
static bool refuse(GError **err, const char *format, ...)
{
	va_list ap;

	va_start(ap, format);
	if (err)
		*err = g_error_new_valist(ADMIN_ERROR, ADMIN_ERROR_VALUE, format, ap);
	va_end(ap);
	return false;
}

static char *losetup_here(const char *path, GError **err)
{
	const char *argv[] = {"sudo", "losetup", "-f", "--show", path, NULL};
	g_autofree char *out = NULL;
	int status = -1;

	if (!g_spawn_sync(NULL, (char **)argv + (geteuid() == 0), NULL, G_SPAWN_SEARCH_PATH, NULL,
			  NULL, &out, NULL, &status, NULL) ||
	    status != 0) {
		refuse(err, "Failed to setup loop device for %s", path);
		return NULL;
	}
	return g_steal_pointer(&out);
}

static char *losetup_there(struct ctx *c, const char *vm, const char *path, GError **err)
{
	const char *argv[] = {"losetup", "-f", "--show", path, NULL};
	g_autofree char *args = service_encode_args(argv);
	g_autofree char *name = g_strconcat("qubes.VMExec+", args, NULL);
	g_autofree char *word = service_shell_quote(path);
	g_autofree char *line = g_strdup_printf("losetup -f --show %s; exit\n", word);
	bool exec = admin_feature_bool(c->admin, vm, "vmexec", false);
	struct service s = {.dest = vm, .user = "root", .err = -1};
	char *untrusted_out;
	int code = 0;

	s.name = exec ? name : "qubes.VMShell";
	untrusted_out = service_run(c->admin, &s, exec ? NULL : line, &code, err);
	if (untrusted_out && code) {
		refuse(err, "Failed to setup loop device for %s", path);
		g_clear_pointer(&untrusted_out, g_free);
	}
	return untrusted_out;
}

static bool is_there(struct ctx *c, const char *backend, const char *port)
{
	g_auto(GStrv) lines =
		admin_list(c->admin, backend, "admin.vm.device.block.Available", NULL);

	for (char **l = lines; l && *l; l++) {
		g_autoptr(Device) d = device_parse(*l, backend, "block", NULL);

		if (!strcmp(d->port, port))
			return true;
	}
	return false;
}

/* Makes the loop device; its name without /dev/, to g_free(). */
static char *make_loop(struct ctx *c, const struct admin_vm *backend, const char *path,
		       GError **err)
{
	g_autofree char *untrusted_name = NULL;
	const char *port;

	if (!admin_is_local(c->admin)) {
		refuse(err, "outside of dom0 the name of an existing device is needed "
			    "(see qvm-block)");
		return NULL;
	}
	untrusted_name = !strcmp(backend->klass, "AdminVM")
				 ? losetup_here(path, err)
				 : losetup_there(c, backend->name, path, err);
	if (!untrusted_name)
		return NULL;
	g_strstrip(untrusted_name);
	port = untrusted_name + strlen("/dev/");
	if (!g_str_has_prefix(untrusted_name, "/dev/loop") ||
	    port[strspn(port, "abcdefghijklmnopqrstuvwxyz0123456789")] || strlen(port) > 16) {
		refuse(err, "Invalid loop device name received from %s", backend->name);
		return NULL;
	}
	for (int i = 0; i < APPEAR_TRIES && !is_there(c, backend->name, port); i++)
		sleep(1);
	if (is_there(c, backend->name, port))
		return g_strdup(port);
	refuse(err, "Timeout waiting for %s:%s device to appear", backend->name, port);
	return NULL;
}

struct assignment *drive_find(struct ctx *c, const char *drive, const char *vm, GError **err)
{
	bool disk = g_str_has_prefix(drive, "hd:");
	const char *rest = drive + (disk ? 3 : g_str_has_prefix(drive, "cdrom:") ? 6 : 0);
	const char *colon = strchr(rest, ':');
	g_autofree char *name = colon ? g_strndup(rest, (gsize)(colon - rest)) : NULL;
	const struct admin_vm *backend = name ? admin_vms_find(c->vms, name) : NULL;
	g_autofree char *loop = NULL;
	g_autoptr(Device) d = NULL;
	struct assignment *a;

	if (!backend) {
		if (name)
			refuse(err, "No such VM: %s", name);
		else
			refuse(err, "Incorrect image name: it must be VMNAME:/PATH or "
				    "VMNAME:DEVICE, for example dom0:/home/user/test.iso");
		return NULL;
	}
	if (colon[1] == '/' && !(loop = make_loop(c, backend, colon + 1, err)))
		return NULL;
	d = device_unknown(name, loop ? loop : colon + 1, "block", "*");
	a = assignment_new(d, "required", vm);
	assignment_set_option(a, "devtype", disk ? "disk" : "cdrom");
	assignment_set_option(a, "read-only", disk ? "False" : "True");
	return a;
}

bool drive_call(struct ctx *c, const struct assignment *a, const char *method, GError **err)
{
	g_autofree char *full = g_strconcat("admin.vm.device.block.", method, NULL);
	g_autofree char *arg = device_qarg(a->backend, a->port, a->id);
	g_autofree char *payload = !strcmp(method, "Assign") ? assignment_payload(a) : NULL;

	return admin_do(c->admin, a->frontend, full, arg, payload, err);
}
