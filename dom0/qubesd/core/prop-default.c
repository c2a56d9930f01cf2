// SPDX-License-Identifier: GPL-2.0-or-later
/* Default values of properties, but for the network's (prop-default-net.c). */
#include "dom0/qubesd/core/prop-private.h"

#include "dom0/qubesd/core/assignment.h"
#include "dom0/qubesd/core/attributes.h"
#include "dom0/qubesd/core/preload.h"
#include "dom0/qubesd/core/run.h"
#include "dom0/qubesd/core/volume.h"

#include <string.h>

static bool give(Value *ret, Value v)
{
	*ret = v;
	return true;
}

DEFAULT_FN(d_none)
{
	return false;
}

DEFAULT_FN(d_null)
{
	return give(ret, value_none());
}

DEFAULT_FN(d_bool)
{
	return give(ret, value_bool(def->num != 0));
}

DEFAULT_FN(d_int)
{
	return give(ret, value_int(def->num));
}

DEFAULT_FN(d_str)
{
	return give(ret, value_str(def->text));
}

DEFAULT_FN(d_global)
{
	return prop_get(&h->app->h, def->other, ret);
}

/* The same property of the template, if there is one and it has a value. */
static bool from_template(const Holder *h, const PropDef *def, Value *ret)
{
	Domain *t = prop_vm(h, P_template);

	return t && prop_get(&t->h, def->id, ret);
}

DEFAULT_FN(d_template_global)
{
	return from_template(h, def, ret) || d_global(h, def, ret);
}

DEFAULT_FN(d_template_int)
{
	return from_template(h, def, ret) || d_int(h, def, ret);
}

DEFAULT_FN(d_template_str)
{
	return from_template(h, def, ret) || d_str(h, def, ret);
}

DEFAULT_FN(d_dom0)
{
	return give(ret, value_vm(h->app->dom0));
}

DEFAULT_FN(d_class)
{
	return give(ret, value_str(class_name(h->cls)));
}

DEFAULT_FN(d_icon)
{
	g_autofree char *label = prop_str(h, P_label);
	const char *kind = "appvm";

	if (h->cls == CLS_ADMIN)
		return give(ret, value_str("adminvm-black"));
	if (!label)
		return false;
	if (h->cls == CLS_TEMPLATE || (h->cls == CLS_APP && prop_bool(h, P_template_for_dispvms)))
		kind = "templatevm";
	else if (feature_true(feature_get(h->vm, "servicevm")))
		kind = "servicevm";
	else if (h->cls == CLS_DISP)
		kind = "dispvm";
	else if (h->cls == CLS_STANDALONE)
		kind = "standalonevm";
	else if (h->cls == CLS_REMOTE)
		kind = "remotevm";
	return give(ret, value_take(g_strdup_printf("%s-%s", kind, label)));
}

DEFAULT_FN(d_updateable)
{
	return give(ret, value_bool(!(CLASS_BIT(h->cls) & CLASSES_TEMPLATED)));
}

DEFAULT_FN(d_disp_template)
{
	return give(ret, value_vm(prop_vm(h, P_template)));
}

DEFAULT_FN(d_disp_backups)
{
	return give(ret, value_bool(!prop_bool(h, P_auto_cleanup)));
}

DEFAULT_FN(d_is_preload)
{
	return give(ret, value_bool(preload_is(h->vm)));
}

static bool has_bootmode(const Domain *d, const char *mode)
{
	g_autofree char *feature = g_strconcat("boot-mode.kernelopts.", mode, NULL);

	return feature_with_template(d, feature);
}

DEFAULT_FN(d_bootmode)
{
	const char *own = feature_get(h->vm, "boot-mode.active");

	if (own && (!strcmp(own, "default") || has_bootmode(h->vm, own)))
		return give(ret, value_str(own));
	for (Domain *t = prop_vm(h, P_template); t; t = prop_vm(&t->h, P_template)) {
		g_autofree char *mode = prop_str(&t->h, P_appvm_default_bootmode);

		if (mode && (!strcmp(mode, "default") || has_bootmode(h->vm, mode)))
			return give(ret, value_take(g_steal_pointer(&mode)));
	}
	return give(ret, value_str("default"));
}

DEFAULT_FN(d_appvm_bootmode)
{
	const char *mode = feature_get(h->vm, "boot-mode.appvm-default");

	return give(ret, value_str(mode ? mode : "default"));
}

/* PCI devices need emulated interrupts. */
DEFAULT_FN(d_virt_mode)
{
	if (assignment_any(h->vm, DEV_PCI, MODE_MANUAL))
		return give(ret, value_str("hvm"));
	return d_template_str(h, def, ret);
}

DEFAULT_FN(d_kernelopts)
{
	g_autofree char *kernel = prop_str(h, P_kernel), *dir = NULL, *path = NULL, *text = NULL;
	Domain *t = prop_vm(h, P_template);
	bool pci = assignment_any(h->vm, DEV_PCI, MODE_MANUAL);

	if (!kernel || !*kernel)
		return give(ret, value_str(""));
	if (t && !pci)
		return prop_get(&t->h, P_kernelopts, ret);
	dir = volume_kernel_dir(h->vm);
	path = dir ? g_build_filename(dir,
				      pci ? "default-kernelopts-pci.txt"
					  : "default-kernelopts-nopci.txt",
				      NULL)
		   : NULL;
	if (!path || !g_file_get_contents(path, &text, NULL, NULL))
		text = g_strdup(pci ? "" : "swiotlb=2048");
	if (pci && feature_true(feature_get(h->app->dom0, "suspend-s0ix")))
		return give(ret, value_take(g_strconcat(g_strstrip(text),
							" qubes_exp_pm_use_suspend=1", NULL)));
	return give(ret, value_str(g_strstrip(text)));
}

/* The layout of whoever shows its windows; guivms could point at each other. */
DEFAULT_FN(d_keyboard)
{
	Domain *gui = prop_vm(h, P_guivm);

	for (int hops = 0; gui && hops < 8; hops++, gui = prop_vm(&gui->h, P_guivm))
		if (gui->h.cls == CLS_ADMIN || !prop_is_default(&gui->h, P_keyboard_layout))
			return prop_get(&gui->h, P_keyboard_layout, ret);
	return give(ret, value_str("us++"));
}

/* Can it be given more memory than it starts with, and that be taken back? */
static bool can_balance(const Holder *h)
{
	const Hypervisor *hv = h->app->hv;
	g_autofree char *mode = NULL;

	if (!hv || (!hypervisor_has_balloon(hv) && !hypervisor_is_elastic(hv)))
		return false;
	if (assignment_any(h->vm, DEV_PCI, MODE_MANUAL))
		return false;
	mode = prop_str(h, P_virt_mode);
	return g_strcmp0(mode, "hvm") || feature_true(feature_with_template(h->vm, "qrexec"));
}

DEFAULT_FN(d_maxmem)
{
	gint64 most = 4000;

	if (!can_balance(h))
		return give(ret, value_int(0));
	if (from_template(h, def, ret))
		return true;
	/* Linux cannot grow to more than about ten times of what it started with. */
	if (!g_strcmp0(feature_get(h->vm, "os"), "Linux"))
		most = prop_int(h, P_memory) * 10;
	return give(ret, value_int(MIN(most, (gint64)h->app->host_mib / 2)));
}

DEFAULT_FN(d_host_mib)
{
	return give(ret, value_int((gint64)h->app->host_mib));
}

DEFAULT_FN(d_host_cpus)
{
	return give(ret, value_int(h->app->host_cpus));
}

DEFAULT_FN(d_xid)
{
	return give(ret, value_int(domain_xid(h->vm)));
}

DEFAULT_FN(d_start_time)
{
	gint64 s = domain_start_time(h->vm);

	return give(ret,
		    s ? value_take(g_strdup_printf("%" G_GINT64_FORMAT ".0", s)) : value_none());
}

/* The pool called "default", else the one with dom0 in it, else the one at /var/lib/qubes, else the
 * first that can hold volumes.
 */
DEFAULT_FN(d_pool)
{
	g_autofree char *home = g_strconcat(h->app->opt.root, "/var/lib/qubes", NULL);
	Pool *best = app_pool(h->app, "default");

	for (guint i = 0; i < h->app->pools->len && !best; i++) {
		Pool *p = g_ptr_array_index(h->app->pools, i);

		if (p->storage && storage_pool_holds_root(p->storage))
			best = p;
	}
	for (guint i = 0; i < h->app->pools->len && !best; i++) {
		Pool *p = g_ptr_array_index(h->app->pools, i);

		if (!g_strcmp0(g_hash_table_lookup(p->params, "dir_path"), home))
			best = p;
	}
	for (guint i = 0; i < h->app->pools->len && !best; i++) {
		Pool *p = g_ptr_array_index(h->app->pools, i);

		if (strcmp(p->driver, "linux-kernel"))
			best = p;
	}
	return best && give(ret, value_str(best->name));
}
