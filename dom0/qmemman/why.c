// SPDX-License-Identifier: GPL-2.0-or-later
/* Who has what memory and why (qmemman.h). Pure. */
#include "dom0/qmemman/qmemman.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Of the table, without the reasons. */
#define COLUMNS 7

static uint64_t has(const struct mem_domain *d)
{
	return d->actual - d->promised;
}

static bool is_giving(const struct mem_domain *d)
{
	return d->target && has(d) > d->target + QMEMMAN_NEAR_KIB;
}

/* Why a domain is to have kib. */
static const char *reason(const struct mem_state *s, const struct mem_domain *d, uint64_t kib)
{
	uint64_t preferred = mem_preferred(&s->config, d);

	if (kib >= d->maximum)
		return "has its maximum";
	if (kib < preferred)
		return "has less than preferred: others need theirs";
	if (preferred == s->config.vm_min)
		return "uses little: it has the least that is kept, and a share of what is left";
	return "has what it prefers, and a share of what is left";
}

static void write_reason(FILE *f, const struct mem_state *s, const struct mem_domain *d)
{
	if (!d->balanced) {
		fputs("keeps what it was started with: it does not report what it uses\n", f);
		return;
	}
	if (d->no_progress) {
		fputs("was asked to give memory back and did not: not counted on\n", f);
		return;
	}
	if (d->promised > QMEMMAN_NEAR_KIB)
		fprintf(f, "is getting %" PRIu64 " MiB; then it ", d->promised >> 10);
	else if (is_giving(d))
		fprintf(f, "is giving back %" PRIu64 " MiB; then it ", (has(d) - d->target) >> 10);
	fprintf(f, "%s\n", reason(s, d, is_giving(d) ? d->target : d->actual));
}

static void write_domain(FILE *f, const struct mem_state *s, const struct mem_domain *d)
{
	char used[24] = "-", preferred[24] = "-", target[24] = "-";

	if (d->balanced) {
		snprintf(used, sizeof(used), "%" PRIu64, d->used >> 10);
		snprintf(preferred, sizeof(preferred), "%" PRIu64,
			 mem_preferred(&s->config, d) >> 10);
	}
	if (d->target)
		snprintf(target, sizeof(target), "%" PRIu64, d->target >> 10);
	fprintf(f, "%-24s %6" PRIu64 " %6s %9s %8" PRIu64 " %7" PRIu64 " %6s  ", d->name,
		has(d) >> 10, used, preferred, mem_surplus(&s->config, d) >> 10, d->maximum >> 10,
		target);
	write_reason(f, s, d);
}

static void write_footer(FILE *f, const struct mem_state *s)
{
	uint64_t surplus = 0, in_domains = 0, promised = 0, held,
		 spare = s->free > s->config.xen_reserve ? s->free - s->config.xen_reserve : 0;

	for (size_t i = 0; i < s->n; i++) {
		surplus += mem_surplus(&s->config, &s->domain[i]);
		in_domains += has(&s->domain[i]);
		promised += s->domain[i].promised;
	}
	held = in_domains + promised + s->free;
	fprintf(f,
		"\nMiB. Of the machine's %" PRIu64 ": domains have %" PRIu64
		", Xen itself has %" PRIu64 ", free are %" PRIu64 ", of which %" PRIu64
		" are kept for Xen.\n",
		s->total >> 10, in_domains >> 10,
		(s->total - (held < s->total ? held : s->total)) >> 10, (s->free + promised) >> 10,
		s->config.xen_reserve >> 10);
	if (promised >> 10)
		fprintf(f,
			"%" PRIu64
			" of the free were granted to domains that have not taken them yet.\n",
			promised >> 10);
	fprintf(f,
		"Preferred is %.2f times what is used, at least %" PRIu64 "; dom0 has %" PRIu64
		" on top. Beyond that, a domain can give (SPARE).\n",
		s->config.margin, s->config.vm_min >> 10, s->config.dom0_boost >> 10);
	fprintf(f, "A qube that needs up to %" PRIu64 " MiB can be started now.\n",
		(spare + surplus) >> 10);
	if (s->busy)
		fprintf(f, "A qube that needs %" PRIu64 " MiB is just being started.\n",
			s->wanted >> 10);
}

char *mem_why(const struct mem_state *s)
{
	char *text = NULL;
	size_t size;
	FILE *f = open_memstream(&text, &size);

	if (!f)
		return NULL;
	fprintf(f, "%-24s %6s %6s %9s %8s %7s %6s  %s\n", "NAME", "HAS", "USES", "PREFERRED",
		"SPARE", "MAXIMUM", "TARGET", "WHY");
	for (size_t i = 0; i < s->n; i++)
		write_domain(f, s, &s->domain[i]);
	write_footer(f, s);
	return fclose(f) == 0 ? text : (free(text), NULL);
}

void mem_why_figures(const char *text, FILE *f)
{
	while (*text && *text != '\n') {
		size_t len = strcspn(text, "\n"), cut = 0;

		for (int i = 0; i < COLUMNS; i++) {
			cut += strspn(text + cut, " ");
			cut += strcspn(text + cut, " \n");
		}
		fprintf(f, "%.*s\n", (int)cut, text);
		text += len + (text[len] == '\n');
	}
}
