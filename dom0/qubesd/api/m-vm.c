// SPDX-License-Identifier: GPL-2.0-or-later
/* Lists of qubes and classes, the state of a qube. */
#include "dom0/qubesd/api/handlers.h"

#include "dom0/qubesd/api/permission.h"
#include "dom0/qubesd/core/host.h"
#include "dom0/qubesd/core/property.h"
#include "dom0/qubesd/core/run.h"
#include "dom0/qubesd/core/service.h"
#include "dom0/qubesd/core/sysinfo.h"

#include <errno.h>
#include <unistd.h>

SYNC(m_vmclass_list)
{
	GString *s = g_string_new(NULL);

	for (int i = 0; i < CLS_GLOBAL; i++)
		g_string_append_printf(s, "%s\n", class_name((VmClass)i));
	return g_string_free(s, FALSE);
}

static void add_vm(GString *s, const Domain *d)
{
	g_string_append(s, d->name);
	g_string_append(s, " class=");
	g_string_append(s, class_name(d->h.cls));
	g_string_append(s, " state=");
	g_string_append(s, domain_state(d));
	g_string_append(s, " uuid=");
	g_string_append(s, d->uuid);
	g_string_append_c(s, '\n');
}

SYNC(m_vm_list)
{
	GString *s = g_string_sized_new(128 * (gsize)c->app->domains->len);

	if (c->dest->h.cls != CLS_ADMIN) {
		add_vm(s, c->dest);
		return g_string_free(s, FALSE);
	}
	for (guint i = 0; i < c->app->domains->len; i++) {
		Domain *d = g_ptr_array_index(c->app->domains, i);

		if (may_see(c, d))
			add_vm(s, d);
	}
	return g_string_free(s, FALSE);
}

SYNC(m_system_info)
{
	return body(sysinfo_get(c->app));
}

/* --- figures of one qube --- */

typedef struct {
	Domain *d;
	char *state;
	bool running;
	gint64 max_kib;
} State;

static void read_state(gpointer p)
{
	State *s = p;

	s->state = g_strdup(domain_state(s->d));
	s->running = domain_is_running(s->d);
	s->max_kib = prop_int(&s->d->h, P_maxmem) * 1024;
}

FLOW(m_current_state)
{
	State s = {.d = c->dest};
	HvInfo info = {0};
	char *text;

	flow_main(f, read_state, &s);
	if (c->dest->h.cls == CLS_ADMIN)
		host_figures(&info.memory_kib, &info.cpu_time_ns);
	else if (s.running && c->dest->h.cls != CLS_REMOTE &&
		 !hypervisor_info(c->app->hv, c->dest->uuid, &info, NULL))
		info = (HvInfo){0};
	text = g_strdup_printf("mem=%" G_GUINT64_FORMAT " mem_static_max=%" G_GINT64_FORMAT
			       " cputime=%" G_GUINT64_FORMAT " power_state=%s",
			       info.memory_kib,
			       s.running && c->dest->h.cls != CLS_REMOTE ? s.max_kib : 0,
			       info.cpu_time_ns, s.state);
	g_free(s.state);
	return text;
}

/* The terminal is root's; who relays the console is the desktop user. */
static void open_to_owner(const App *app, const char *path)
{
	if (g_str_has_prefix(path, "/dev/pts/") && chown(path, app->opt.owner_uid, (gid_t)-1) < 0)
		g_warning("%s: %s", path, g_strerror(errno));
}

FLOW(m_console)
{
	State s = {.d = c->dest};
	char *path;

	flow_main(f, read_state, &s);
	g_free(s.state);
	if (!s.running || !domain_is_qube(c->dest)) {
		fail(error, E_VM_NOT_RUNNING,
		     "Domain not running (either powered off or paused): '%s'", c->dest->name);
		return NULL;
	}
	path = hypervisor_console(c->app->hv, c->dest->uuid, error);
	if (path)
		open_to_owner(c->app, path);
	return path;
}

/* --- the computer goes to sleep --- */

FLOW(m_suspend_pre)
{
	return sleep_begin(f, error) ? body("") : NULL;
}

FLOW(m_suspend_post)
{
	return sleep_end(f, error) ? body("") : NULL;
}
