// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What qubes tell about themselves: features of their software, updates. The source is
 * the qube itself and everything it says is untrusted.
 */
#include "dom0/qubesd/api/handlers.h"

#include "dom0/qubesd/core/attributes.h"
#include "dom0/qubesd/core/features-request.h"
#include "dom0/qubesd/core/names.h"
#include "dom0/qubesd/core/property.h"
#include "dom0/qubesd/core/run.h"
#include "dom0/qubesd/core/spawn.h"
#include "dom0/qubesd/core/volume.h"
#include "qrexec/qubesdb/qubesdb-client.h"

#include <string.h>

#define REQUESTS_MAX 512

typedef struct {
	Call *c;
	GHashTable *untrusted; /* feature -> value */
	GError *error;
} FeaturesRequest;

/* Values are text without anything that a shell or a page would understand. */
static bool take(FeaturesRequest *r, const char *key, const char *value)
{
	if (!name_all_in(value, "-.,_= "))
		return fail(&r->error, E_PROTOCOL,
			    "A feature's value has characters outside the "
			    "safe set");
	if (name_check_feature(key, "", NULL) && g_hash_table_size(r->untrusted) < REQUESTS_MAX)
		g_hash_table_insert(r->untrusted, g_strdup(key), g_strdup(value));
	return true;
}

static bool read_requests(FeaturesRequest *r, const char *prefix)
{
	qdb_handle_t h = qdb_open_patient(r->c->src->name, QDB_RESTART_MS);
	char **list = h ? qdb_multiread(h, prefix, NULL, NULL) : NULL;
	bool ok = true;

	if (!h && !helpers_wanted(r->c->app))
		return true; /* on the test hypervisor there is nobody inside */
	if (!h)
		return fail(&r->error, E_QUBES, "QubesDB of %s does not answer", r->c->src->name);
	for (char **p = list; p && p[0] && ok; p += 2)
		ok = take(r, p[0] + strlen(prefix), p[1]);
	if (list)
		qdb_free_list(list);
	qdb_close(h);
	return ok;
}

static void check_source(gpointer p)
{
	FeaturesRequest *r = p;

	if (!domain_is_qube(r->c->src) || !domain_is_running(r->c->src))
		fail(&r->error, E_VM_NOT_RUNNING, "Only a running qube can ask for features");
}

static void apply(gpointer p)
{
	FeaturesRequest *r = p;

	features_request_apply(r->c->src, r->untrusted);
}

FLOW(m_features_request)
{
	FeaturesRequest r = {.c = c};

	r.untrusted = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);
	flow_main(f, check_source, &r);
	if (!r.error &&
	    read_requests(&r, c->method->variant ? "/qubes-tools/" : "/features-request/"))
		flow_main(f, apply, &r);
	g_hash_table_unref(r.untrusted);
	if (!r.error)
		return body("");
	g_propagate_error(error, r.error);
	return NULL;
}

/* --- updates --- */

static void note_updates(Domain *d, bool available)
{
	g_autoptr(GDateTime) now = g_date_time_new_now_local();
	g_autofree char *stamp = g_date_time_format(now, "%Y-%m-%d %H:%M:%S");

	if (feature_true(feature_get(d, "updates-available")) && !available)
		feature_set(d, "last-update", stamp, NULL);
	feature_set(d, "updates-available", available ? "1" : "", NULL);
	feature_set(d, "last-updates-check", stamp, NULL);
}

SYNC(m_notify_updates)
{
	g_autofree char *text = g_strstrip(g_strdup(c->payload));
	Domain *t;
	bool any;

	if (!*text || text[strspn(text, "0123456789")]) {
		fail(error, E_PROTOCOL, "Update count is not a number");
		return NULL;
	}
	any = text[strspn(text, "0")];
	if (prop_bool(&c->src->h, P_updateable)) {
		note_updates(c->src, any);
		return body("");
	}
	/* A hint about the template; if that runs, it says so itself. */
	for (t = prop_vm(&c->src->h, P_template); t && !prop_bool(&t->h, P_updateable);)
		t = prop_vm(&t->h, P_template);
	if (t && any && !domain_is_running(t))
		note_updates(t, true);
	return body("");
}
