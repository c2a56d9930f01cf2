// SPDX-License-Identifier: GPL-2.0-or-later
/* qmemman and Xen (xen.h). */
#include "dom0/qmemman/xen.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <xenctrl.h>
#include <xenstore.h>

#include "qrexec/base/cleanup.h"

#define PAGE_KIB 4u
#define PATH_MAX_XS 128
/* libxl lets a domain have so much more than its target. */
#define SLACK_KIB 1024u

struct mem_xen {
	xc_interface *xc;		    /* owned */
	struct xs_handle *xs;		    /* owned */
	bool watched[DOMID_FIRST_RESERVED]; /* whose report is watched */
	bool refused[DOMID_FIRST_RESERVED]; /* whose keys xenstore refused, which was said */
};

struct mem_xen *mem_xen_open(const char **ret_why)
{
	struct mem_xen *x = calloc(1, sizeof(*x));

	*ret_why = "out of memory";
	if (!x)
		return NULL;
	x->xc = xc_interface_open(NULL, NULL, 0);
	x->xs = x->xc ? xs_open(0) : NULL;
	*ret_why = x->xc ? "xenstore cannot be reached"
			 : "the hypervisor cannot be reached: this is no Xen dom0, or not root";
	if (!x->xs || !xs_watch(x->xs, "@introduceDomain", "list") ||
	    !xs_watch(x->xs, "@releaseDomain", "list")) {
		mem_xen_close(x);
		return NULL;
	}
	return x;
}

void mem_xen_close(struct mem_xen *x)
{
	if (!x)
		return;
	if (x->xs)
		xs_close(x->xs);
	if (x->xc)
		xc_interface_close(x->xc);
	free(x);
}

int mem_xen_fd(const struct mem_xen *x)
{
	return xs_fileno(x->xs);
}

bool mem_xen_events(struct mem_xen *x)
{
	bool any = false;
	char **event;

	while ((event = xs_check_watch(x->xs))) {
		any = true;
		free(event);
	}
	return any;
}

static char *read_key(struct mem_xen *x, unsigned id, const char *key, unsigned *ret_len)
{
	char path[PATH_MAX_XS];

	snprintf(path, sizeof(path), "/local/domain/%u/%s", id, key);
	return xs_read(x->xs, XBT_NULL, path, ret_len);
}

static bool read_number(struct mem_xen *x, unsigned id, const char *key, uint64_t *ret)
{
	unsigned len;
	_cleanup_free_ char *text = read_key(x, id, key, &len);

	if (!text || *text < '0' || *text > '9')
		return false;
	*ret = strtoull(text, NULL, 10);
	return true;
}

static void read_name(struct mem_xen *x, struct mem_domain *d)
{
	unsigned len;
	_cleanup_free_ char *text = read_key(x, d->id, "name", &len);

	snprintf(d->name, sizeof(d->name), "%s", d->id == 0 ? "dom0" : text ? text : "?");
}

/* dom0's own figures need no detour through xenstore. */
static bool own_report(uint64_t maximum, uint64_t *ret_used)
{
	char text[4096];
	FILE *f = fopen("/proc/meminfo", "re");
	size_t n = f ? fread(text, 1, sizeof(text), f) : 0;

	if (f)
		fclose(f);
	return mem_parse_meminfo(text, n, maximum, ret_used);
}

static bool give_key(struct mem_xen *x, xs_transaction_t t, unsigned id, const char *key)
{
	struct xs_permissions owner = {.id = id, .perms = XS_PERM_NONE};
	char path[PATH_MAX_XS];

	snprintf(path, sizeof(path), "/local/domain/%u/memory/%s", id, key);
	return xs_write(x->xs, t, path, "", 0) && xs_set_permissions(x->xs, t, path, &owner, 1);
}

/* Once, until it has worked again: the domains are looked at every second. */
static void say_refused(struct mem_xen *x, unsigned id)
{
	if (!x->refused[id])
		fprintf(stderr,
			"qmemman: xenstore refuses domain %u the keys for its report (%s): the "
			"domain keeps what memory it has. This is tried again, and not said "
			"again, until it works. Is xenstored out of memory, or of its quota?\n",
			id, strerror(errno));
	x->refused[id] = true;
}

/*
 * The toolstack keeps that folder to itself: the domain is given these keys of it. A domain is
 * there a moment before its folder, which the toolstack clears when it makes it, and a moment
 * after.
 */
static void make_writable(struct mem_xen *x, unsigned id)
{
	xs_transaction_t t = xs_transaction_start(x->xs);
	char path[PATH_MAX_XS];
	_cleanup_free_ char *vm = NULL;
	unsigned len;
	bool ok;

	snprintf(path, sizeof(path), "/local/domain/%u/vm", id);
	vm = t ? xs_read(x->xs, t, path, &len) : NULL;
	ok = vm && give_key(x, t, id, "meminfo") && give_key(x, t, id, "swapinfo");
	if (!t || (vm && !ok))
		say_refused(x, id);
	/* What fails here is tried again the next time; another's change between is no refusal. */
	if (t && !xs_transaction_end(x->xs, t, !ok) && ok && errno != EAGAIN)
		say_refused(x, id);
}

static void watch_report(struct mem_xen *x, unsigned id)
{
	char path[PATH_MAX_XS];

	if (x->watched[id])
		return;
	snprintf(path, sizeof(path), "/local/domain/%u/memory/meminfo", id);
	x->watched[id] = xs_watch(x->xs, path, "report");
}

static void read_report(struct mem_xen *x, struct mem_domain *d)
{
	unsigned len = 0;
	_cleanup_free_ char *untrusted_text = NULL;

	if (!d->id) {
		d->balanced = own_report(d->maximum, &d->used);
		return;
	}
	watch_report(x, d->id);
	untrusted_text = read_key(x, d->id, "memory/meminfo", &len);
	if (untrusted_text)
		x->refused[d->id] = false;
	else
		make_writable(x, d->id);
	/* A report that makes no sense is as good as none: it keeps what it has. */
	d->balanced =
		untrusted_text && mem_parse_meminfo(untrusted_text, len, d->maximum, &d->used);
}

static void fill(struct mem_xen *x, const xc_domaininfo_t *info, struct mem_domain *d)
{
	uint64_t maximum;

	d->actual = info->tot_pages * PAGE_KIB;
	read_name(x, d);
	/* dom0 cannot have more than it was booted with. */
	if (!read_number(x, d->id, "memory/static-max", &maximum) || !maximum)
		maximum = info->max_pages * PAGE_KIB;
	if (!d->id && info->max_pages * (uint64_t)PAGE_KIB < maximum)
		maximum = info->max_pages * PAGE_KIB;
	d->maximum = maximum;
	read_report(x, d);
}

static const struct mem_domain *find(const struct mem_domain *list, size_t n, unsigned id)
{
	for (size_t i = 0; i < n; i++)
		if (list[i].id == id)
			return &list[i];
	return NULL;
}

static void forget_gone(struct mem_xen *x, const struct mem_domain *list, size_t n)
{
	for (unsigned id = 0; id < DOMID_FIRST_RESERVED; id++) {
		char path[PATH_MAX_XS];

		if ((!x->watched[id] && !x->refused[id]) || find(list, n, id))
			continue;
		snprintf(path, sizeof(path), "/local/domain/%u/memory/meminfo", id);
		if (x->watched[id])
			xs_unwatch(x->xs, path, "report");
		x->watched[id] = x->refused[id] = false;
	}
}

int mem_xen_domains(struct mem_xen *x, struct mem_domain *list, size_t n_before)
{
	_cleanup_free_ xc_domaininfo_t *info = calloc(MEM_DOMAINS_MAX, sizeof(*info));
	_cleanup_free_ struct mem_domain *before = calloc(n_before + 1, sizeof(*before));
	int n, kept = 0;

	if (!info || !before)
		return -ENOMEM;
	memcpy(before, list, n_before * sizeof(*before));
	n = xc_domain_getinfolist(x->xc, 0, MEM_DOMAINS_MAX, info);
	if (n < 0)
		return -errno;
	for (int i = 0; i < n; i++) {
		const struct mem_domain *old = find(before, n_before, info[i].domain);

		if (info[i].flags & XEN_DOMINF_dying || info[i].domain >= DOMID_FIRST_RESERVED)
			continue;
		list[kept] = old ? *old : (struct mem_domain){.id = info[i].domain};
		fill(x, &info[i], &list[kept++]);
	}
	forget_gone(x, list, (size_t)kept);
	return kept;
}

int mem_xen_free(struct mem_xen *x, uint64_t *ret_free, uint64_t *ret_total)
{
	xc_physinfo_t info = {.nr_cpus = 0};

	if (xc_physinfo(x->xc, &info) < 0)
		return -errno;
	*ret_free = (info.free_pages + info.scrub_pages) * PAGE_KIB;
	if (info.outstanding_pages * PAGE_KIB < *ret_free)
		*ret_free -= info.outstanding_pages * PAGE_KIB;
	*ret_total = info.total_pages * PAGE_KIB;
	return 0;
}

int mem_xen_set_target(struct mem_xen *x, const struct mem_domain *d, uint64_t target)
{
	char path[PATH_MAX_XS], text[32];

	/* dom0's own limit stays as Xen's command line made it. */
	if (d->id) {
		if (xc_domain_setmaxmem(x->xc, (uint16_t)d->id, target + SLACK_KIB) < 0)
			return -errno;
		/* For those that were built with less than their maximum; others refuse it. */
		xc_domain_set_pod_target(x->xc, (uint16_t)d->id, target / PAGE_KIB, NULL, NULL,
					 NULL);
	}
	snprintf(path, sizeof(path), "/local/domain/%u/memory/target", d->id);
	snprintf(text, sizeof(text), "%" PRIu64, target);
	return xs_write(x->xs, XBT_NULL, path, text, (unsigned)strlen(text)) ? 0 : -errno;
}
