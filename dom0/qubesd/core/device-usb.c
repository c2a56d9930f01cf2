// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * USB devices: the two qubes do it between them (specs/qubesdb.md section 7), dom0 asks the
 * frontend to and allows it the one call to the backend that it takes for as long.
 */
#include "dom0/qubesd/core/device-private.h"

#include "dom0/qubesd/core/run.h"
#include "dom0/qubesd/core/service.h"
#include "qrexec/base/io.h"

#include <sys/stat.h>
#include <unistd.h>

#define USB_TIMEOUT_MS 30000

typedef struct {
	Domain *d;
	bool ok;
} Agent;

static void look(gpointer p)
{
	Agent *a = p;
	const Run *run = a->d->run;

	a->ok = run && run->phase == RUN_UP && run->qrexec && run->qrexec_up;
}

static bool has_agent(Flow *f, Domain *d, GError **error)
{
	Agent a = {.d = d};

	flow_main(f, look, &a);
	return a.ok || fail(error, E_VM,
			    "%s has no qrexec agent that could do it: USB devices need "
			    "qubes-usb-proxy in both qubes",
			    d->name);
}

/* Names, ports: checked when they were read; nothing else goes into the policy. */
static char *policy_path(Flow *f, const DeviceJob *j)
{
	return g_strdup_printf("%s/run/qubes/policy.d/10-usb-%s-%s.policy", flow_app(f)->opt.root,
			       j->front, j->port);
}

static bool allow_call(const char *path, const DeviceJob *j, GError **error)
{
	g_autofree char *dir = g_path_get_dirname(path);
	g_autofree char *rule = g_strdup_printf("qubes.USB +%s %s %s allow user=root\n", j->port,
						j->front, j->backend);
	g_autoptr(GError) why = NULL;

	io_mkdir_p(dir, 0755);
	if (!g_file_set_contents(path, rule, -1, &why))
		return fail(error, E_QUBES, "The call that brings the device cannot be allowed: %s",
			    why->message);
	chmod(path, 0644);
	return true;
}

bool usb_attach(Flow *f, const DeviceJob *j, GError **error)
{
	g_autofree char *path = policy_path(f, j);
	g_autofree char *input = g_strdup_printf("%s %s\n", j->backend, j->port);
	bool ok;

	if (!j->backend)
		return fail(error, E_QUBES,
			    "USB devices of dom0 cannot be attached: give the USB controller to a "
			    "qube (sys-usb)");
	if (!has_agent(f, j->d, error) || !has_agent(f, j->from, error) ||
	    !allow_call(path, j, error))
		return false;
	ok = service_run(f, j->d, "qubes.USBAttach", input, USB_TIMEOUT_MS, error);
	unlink(path);
	return ok;
}

bool usb_detach(Flow *f, const DeviceJob *j, GError **error)
{
	g_autofree char *input = g_strdup_printf("%s\n", j->port);

	return has_agent(f, j->from, error) &&
	       service_run(f, j->from, "qubes.USBDetach", input, USB_TIMEOUT_MS, error);
}
