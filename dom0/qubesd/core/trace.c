// SPDX-License-Identifier: GPL-2.0-or-later
/* How long the stages of a start took. */
#include "dom0/qubesd/core/life.h"

void trace_begin(Trace *t)
{
	*t = (Trace){.first_us = g_get_monotonic_time()};
	t->last_us = t->first_us;
}

void trace_mark(Trace *t, const char *stage)
{
	gint64 now = g_get_monotonic_time();

	if (t->n < TRACE_MAX) {
		t->stage[t->n] = stage;
		t->us[t->n++] = now - t->last_us;
	}
	t->last_us = now;
}

char *trace_text(const Trace *t)
{
	GString *s = g_string_new(NULL);

	for (size_t i = 0; i < t->n; i++)
		g_string_append_printf(s, "%s=%.1f\n", t->stage[i], (double)t->us[i] / 1000);
	g_string_append_printf(s, "total=%.1f\n", (double)(t->last_us - t->first_us) / 1000);
	return g_string_free(s, FALSE);
}
