// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What each qube offers and uses. Read off the main thread: dom0's devices from the kernel,
 * the others' from their QubesDB, which they write: hostile, decoded in devices/.
 */
#include "dom0/qubesd/core/device.h"

#include "dom0/qubesd/core/event.h"
#include "dom0/qubesd/core/run.h"
#include "dom0/qubesd/core/spawn.h"
#include "dom0/qubesd/devices/qdb-devices.h"
#include "dom0/qubesd/devices/sysfs.h"
#include "qrexec/qubesdb/qubesdb-client.h"

#include <string.h>
#include <unistd.h>

/* A QubesDB that does not answer within this time has no devices. */
#define READ_TIMEOUT_MS 2000

void attachment_free(gpointer p)
{
	Attachment *a = p;

	device_unref(a->dev);
	g_ptr_array_unref(a->options);
	g_free(a);
}

const GPtrArray *device_exposed(const Domain *d, DevClass cls)
{
	return d->exposed[cls];
}

char *device_sysfs(const App *app)
{
	char *own = g_strconcat(app->opt.root, "/sys", NULL);

	if (*app->opt.root && g_file_test(own, G_FILE_TEST_IS_DIR))
		return own;
	g_free(own);
	return g_strdup("/sys");
}

/* --- who uses what --- */

static bool is_it(const Attachment *a, const Device *dev)
{
	return a->dev->cls == dev->cls && !strcmp(a->dev->backend, dev->backend) &&
	       !strcmp(a->dev->port, dev->port);
}

Domain *device_user(App *app, const Device *dev)
{
	if (dev->cls == DEV_MIC)
		return NULL; /* any number of qubes may have it */
	if (dev->cls == DEV_USB) {
		Domain *user = dev->connected ? app_domain(app, dev->connected) : NULL;

		return user && domain_is_running(user) ? user : NULL;
	}
	for (guint i = 0; i < app->domains->len; i++) {
		Domain *d = g_ptr_array_index(app->domains, i);

		for (guint k = 0; k < d->attached->len; k++)
			if (is_it(g_ptr_array_index(d->attached, k), dev))
				return d;
	}
	return NULL;
}

/* USB devices: their own qubes say who has them. */
static void add_connected(Domain *d, GPtrArray *out)
{
	App *app = d->h.app;

	for (guint i = 0; i < app->domains->len; i++) {
		const GPtrArray *list = device_exposed(g_ptr_array_index(app->domains, i), DEV_USB);

		for (guint k = 0; k < list->len; k++) {
			Device *dev = g_ptr_array_index(list, k);
			Attachment *a;

			if (device_user(app, dev) != d)
				continue;
			a = g_new0(Attachment, 1);
			a->dev = device_ref(dev);
			a->options = dev_pairs_new();
			g_ptr_array_add(out, a);
		}
	}
}

/* A copy of what matters to those who list. */
static Attachment *snapshot(const Attachment *a)
{
	Attachment *c = g_new0(Attachment, 1);

	c->dev = device_ref(a->dev);
	c->options = dev_pairs_copy(a->options);
	return c;
}

GPtrArray *device_attached(Domain *d, DevClass cls)
{
	GPtrArray *out = g_ptr_array_new_with_free_func(attachment_free);

	for (guint i = 0; i < d->attached->len; i++) {
		const Attachment *a = g_ptr_array_index(d->attached, i);

		if (a->dev->cls == cls && !a->busy)
			g_ptr_array_add(out, snapshot(a));
	}
	if (cls == DEV_USB && domain_is_qube(d) && domain_is_running(d))
		add_connected(d, out);
	return out;
}

/* --- reading --- */

typedef struct {
	Domain *d; /* a reference */
	Run *run;  /* compared only */
	App *app;
	char *name, *sysfs; /* owned */
	bool dom0, has_qdb;
	const HwIds *usb_ids, *pci_ids;
	GPtrArray *list[DEV_N]; /* what was read */
} Reading;

static void plan(gpointer p)
{
	Reading *r = p;
	App *app = r->d->h.app;

	if (!app->usb_ids) {
		app->usb_ids = hwids_new("usb.ids");
		app->pci_ids = hwids_new("pci.ids");
	}
	r->run = r->d->run;
	r->name = g_strdup(r->d->name);
	r->dom0 = r->d->h.cls == CLS_ADMIN;
	r->sysfs = r->dom0 ? device_sysfs(app) : NULL;
	r->has_qdb = r->dom0 || (domain_is_qube(r->d) && r->run && r->run->created &&
				 r->run->phase != RUN_STOPPING && helpers_wanted(app));
	r->usb_ids = app->usb_ids;
	r->pci_ids = app->pci_ids;
}

/* dom0's own QubesDB is there on some systems only. */
static qdb_handle_t open_qdb(const Reading *r)
{
	g_autofree char *local =
		r->dom0 ? g_strconcat(r->app->opt.root, "/run/qubes/qubesdb.sock", NULL) : NULL;

	if (local && access(local, F_OK))
		return NULL;
	return qdb_open(r->dom0 ? NULL : r->name);
}

static void read_qdb(Reading *r)
{
	static const char *const folders[] = {QDB_BLOCK_DEVICES, QDB_USB_DEVICES};
	qdb_handle_t h = open_qdb(r);
	g_autoptr(GPtrArray) all = g_ptr_array_new();
	char **part[G_N_ELEMENTS(folders)] = {0};

	if (!h)
		return;
	qdb_set_timeout(h, READ_TIMEOUT_MS);
	for (size_t i = 0; i < G_N_ELEMENTS(folders); i++) {
		part[i] = qdb_multiread(h, folders[i], NULL, NULL);
		for (char **p = part[i]; p && p[0] && p[1]; p += 2) {
			g_ptr_array_add(all, p[0]);
			g_ptr_array_add(all, p[1]);
		}
	}
	g_ptr_array_add(all, NULL);
	g_ptr_array_add(all, NULL);
	qdb_devices_decode(r->name, (const char *const *)all->pdata, r->usb_ids, r->list[DEV_BLOCK],
			   r->list[DEV_USB]);
	for (size_t i = 0; i < G_N_ELEMENTS(folders); i++)
		if (part[i])
			qdb_free_list(part[i]);
	qdb_close(h);
}

static void add_mic(GPtrArray *list)
{
	Device *d = device_new(DEV_MIC, "dom0", "mic");

	g_free(d->id);
	d->id = g_strdup("dom0:mic::m000000");
	g_free(d->interfaces);
	d->interfaces = g_strdup("m000000");
	d->product = g_strdup("microphone");
	d->manufacturer = g_strdup("default");
	g_ptr_array_add(list, d);
}

/* What the kernel says goes before what QubesDB says of the same port. */
static void read_dom0(Reading *r)
{
	g_autoptr(GPtrArray) block = device_list_new();

	add_mic(r->list[DEV_MIC]);
	sysfs_pci(r->sysfs, r->pci_ids, r->list[DEV_PCI]);
	sysfs_block(r->sysfs, block);
	for (guint i = 0; i < block->len; i++) {
		Device *d = g_ptr_array_index(block, i);
		Device *same = device_list_find(r->list[DEV_BLOCK], d->port);

		if (same)
			g_ptr_array_remove(r->list[DEV_BLOCK], same);
		g_ptr_array_add(r->list[DEV_BLOCK], device_ref(d));
	}
}

/* --- what changed --- */

static void tell(Domain *d, const char *what, DevClass cls, const Device *dev, bool as_port)
{
	g_autofree char *event = g_strconcat(what, dev_class_name(cls), NULL);
	g_autofree char *port = g_strdup_printf("%s:%s", dev->backend, dev->port);
	g_autofree char *text = device_text(dev);

	event_fire(d->h.app, d, event, as_port ? "port" : "device", as_port ? port : text, NULL);
}

static bool same_thing(const Device *a, const Device *b)
{
	return a && b && !strcmp(a->id, b->id);
}

/* Of USB devices, who has them is news, too. */
static void tell_connected(App *app, const Device *was, const Device *is)
{
	const char *old = was ? was->connected : NULL, *now = is ? is->connected : NULL;
	Domain *d;

	if (!g_strcmp0(old, now))
		return;
	d = old ? app_domain(app, old) : NULL;
	if (d)
		tell(d, "device-detach:", DEV_USB, was, true);
	d = now ? app_domain(app, now) : NULL;
	if (d) {
		g_autofree char *text = device_text(is);

		event_fire(app, d, "device-attach:usb", "device", text, "options", "{}", NULL);
	}
}

static bool differ(const GPtrArray *a, const GPtrArray *b)
{
	if (a->len != b->len)
		return true;
	for (guint i = 0; i < a->len; i++) {
		const Device *d = g_ptr_array_index(a, i), *e = device_list_find(b, d->port);

		if (!e || !device_equal(d, e))
			return true;
	}
	return false;
}

static void apply_class(Domain *d, DevClass cls, GPtrArray *now)
{
	g_autoptr(GPtrArray) was = d->exposed[cls];
	g_autoptr(GPtrArray) added = device_list_new();
	g_autofree char *event = g_strconcat("device-list-change:", dev_class_name(cls), NULL);
	App *app = d->h.app;
	bool news = d->exposed_known && differ(was, now);

	d->exposed[cls] = g_ptr_array_ref(now);
	if (!news)
		return;
	event_fire(app, d, event, NULL);
	for (guint i = 0; i < was->len; i++) {
		Device *old = g_ptr_array_index(was, i), *new = device_list_find(now, old->port);

		if (cls == DEV_USB)
			tell_connected(app, old, new);
		if (same_thing(old, new))
			continue;
		device_withdrawn(app, old);
		tell(d, "device-removed:", cls, old, true);
	}
	for (guint i = 0; i < now->len; i++) {
		Device *new = g_ptr_array_index(now, i), *old = device_list_find(was, new->port);

		if (same_thing(old, new))
			continue;
		tell(d, "device-added:", cls, new, false);
		if (cls == DEV_USB)
			tell_connected(app, NULL, new);
		g_ptr_array_add(added, device_ref(new));
	}
	device_offer(d, added);
}

static void apply(gpointer p)
{
	Reading *r = p;

	/* It stopped or started meanwhile: what was read is of another life. */
	if (r->d->gone || r->d->run != r->run || (r->run && r->run->phase == RUN_STOPPING))
		return;
	for (int i = 0; i < DEV_N; i++)
		apply_class(r->d, (DevClass)i, r->list[i]);
	r->d->exposed_known = true;
}

void device_refresh(Flow *f, Domain *d)
{
	Reading r = {.d = d, .app = flow_app(f)};

	flow_main(f, plan, &r);
	for (int i = 0; i < DEV_N; i++)
		r.list[i] = device_list_new();
	if (r.has_qdb)
		read_qdb(&r);
	if (r.dom0)
		read_dom0(&r);
	flow_main(f, apply, &r);
	for (int i = 0; i < DEV_N; i++)
		g_ptr_array_unref(r.list[i]);
	g_free(r.name);
	g_free(r.sysfs);
}

typedef struct {
	Domain *d;
	GPtrArray *backends; /* Domain*, a reference each */
} Backends;

static void find_backends(gpointer p)
{
	Backends *b = p;

	b->backends = g_ptr_array_new_with_free_func((GDestroyNotify)domain_unref);
	for (guint i = 0; i < b->d->devices->len; i++) {
		const Assignment *a = g_ptr_array_index(b->d->devices, i);
		Domain *from = app_domain(b->d->h.app, a->backend);

		if (from && !g_ptr_array_find(b->backends, from, NULL))
			g_ptr_array_add(b->backends, domain_ref(from));
	}
}

static void free_backends(gpointer p)
{
	g_ptr_array_unref(((Backends *)p)->backends);
}

void device_refresh_assigned(Flow *f, Domain *d)
{
	Backends b = {.d = d};

	flow_main(f, find_backends, &b);
	for (guint i = 0; i < b.backends->len; i++)
		device_refresh(f, g_ptr_array_index(b.backends, i));
	flow_main(f, free_backends, &b);
}

static void later_run(Flow *f, gpointer p)
{
	Domain *d = p;

	device_refresh(f, d);
}

static void later_done(gpointer p)
{
	domain_unref(p);
}

void device_refresh_later(Domain *d)
{
	flow_start(d->h.app, later_run, domain_ref(d), later_done);
}
