// SPDX-License-Identifier: GPL-2.0-or-later
/* Starting, stopping, removing. */
#include "dom0/qubesd/api/handlers.h"

#include "dom0/qubesd/core/life.h"

#include <string.h>

static char *done(bool ok)
{
	return ok ? body("") : NULL;
}

FLOW(m_start)
{
	bool traced = !strcmp(c->arg, "trace");
	Trace trace;

	if (*c->arg && !traced) {
		fail(error, E_PROTOCOL, "unexpected argument");
		return NULL;
	}
	/* What never changes about a domain may be looked at from here. */
	if (c->dest->h.cls == CLS_ADMIN || c->dest->h.cls == CLS_REMOTE) {
		fail(error, E_VM_NOT_HALTED,
		     c->dest->h.cls == CLS_ADMIN ? "Cannot start dom0: it runs already"
						 : "Cannot start a RemoteVM: it runs elsewhere");
		return NULL;
	}
	if (!life_start(f, c->dest, &trace, error))
		return NULL;
	return traced ? trace_text(&trace) : body("");
}

FLOW(m_shutdown)
{
	g_auto(GStrv) word = g_strsplit(c->arg, "+", -1);
	bool force = false, wait = false;

	for (char **w = word; *w; w++) {
		if (strcmp(*w, "force") && strcmp(*w, "wait")) {
			fail(error, E_PROTOCOL, "Argument must match: force, wait");
			return NULL;
		}
		force = force || !strcmp(*w, "force");
		wait = wait || !strcmp(*w, "wait");
	}
	return done(life_shutdown(f, c->dest, force, wait, error));
}

FLOW(m_kill)
{
	return done(life_kill(f, c->dest, error));
}

FLOW(m_pause)
{
	return done(life_pause(f, c->dest, error));
}

FLOW(m_unpause)
{
	return done(life_unpause(f, c->dest, error));
}

FLOW(m_suspend)
{
	return done(life_suspend(f, c->dest, error));
}

FLOW(m_resume)
{
	return done(life_resume(f, c->dest, error));
}

FLOW(m_remove)
{
	bool ok;

	if (c->dest->h.cls == CLS_ADMIN) {
		fail(error, E_VM_IN_USE, "'dom0' cannot be removed");
		return NULL;
	}
	flow_lock(f, c->dest);
	ok = life_remove(f, c->dest, error);
	flow_unlock(f, c->dest);
	return done(ok);
}
