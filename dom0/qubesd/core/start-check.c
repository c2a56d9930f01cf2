// SPDX-License-Identifier: GPL-2.0-or-later
/* May a qube be started (start.h)? Of the state only: nothing is touched. */
#include "dom0/qubesd/core/start.h"

#include "dom0/qubesd/core/attributes.h"
#include "dom0/qubesd/core/property.h"
#include "dom0/qubesd/core/volume.h"

/* A volume that is written in place has no content to take a snapshot of while it is in use. */
static bool sources_at_rest(Domain *d, GError **error)
{
	for (int id = 0; id < VOL_N; id++) {
		Domain *owner = NULL;
		Volume *source = volume_source(d, (VolumeId)id, &owner);

		if (source && volume_in_place(source) && owner->run)
			return fail(
				error, E_VM,
				"The %s volume of %s is in use and has no snapshots: shut %s down, "
				"or set its revisions_to_keep to 0 or more",
				volume_id_name((VolumeId)id), owner->name, owner->name);
	}
	return true;
}

bool start_allowed(Domain *d, GError **error)
{
	App *app = d->h.app;
	const char *why = feature_get(d, "prohibit-start");
	Domain *t = prop_vm(&d->h, P_template);

	if (d->gone)
		return fail(error, E_VM_NOT_FOUND, "No such domain: '%s'", d->name);
	if (!app->hv_known)
		return fail(error, E_QUBES,
			    "The hypervisor at %s does not answer: is libvirtd running? Try again "
			    "when it is",
			    app->opt.uri);
	if (feature_true(why))
		return fail(error, E_QUBES, "Qube start is prohibited. Rationale: %s", why);
	if (CLASS_BIT(d->h.cls) & CLASSES_TEMPLATED && !t)
		return fail(error, E_NO_TEMPLATE,
			    "Template for the domain '%s' not found: set its "
			    "template",
			    d->name);
	if (d->h.cls == CLS_DISP && !prop_bool(&t->h, P_template_for_dispvms))
		return fail(error, E_QUBES,
			    "template for disposable (%s) needs to have "
			    "template_for_dispvms=True",
			    t->name);
	return sources_at_rest(d, error);
}
