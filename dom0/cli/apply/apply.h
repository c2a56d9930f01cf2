/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * qvm-apply: from a description of the system to the calls that make the system match it.
 * The way is: read (doc/), check (check.c), plan (plan*.c: what is asked for beside what is
 * there gives actions), then show or run the actions (run.c). Dumping (dump.c) goes the other
 * way. The description is the user's own; the peer is qubesd, trusted.
 */
#ifndef QUBES_CLI_APPLY_H
#define QUBES_CLI_APPLY_H

#include "dom0/cli/ctx.h"
#include "dom0/cli/doc/doc.h"

/* A value that asks for what was there before anybody set it. */
#define APPLY_DEFAULT "@default"

/* When an action runs; those of one phase by their order. */
enum phase {
	PHASE_LABELS,
	PHASE_CREATE,	/* order: depth in the tree of templates; also what makes one a template */
	PHASE_SETTINGS, /* what concerns one qube alone */
	PHASE_NETVM,	/* order: depth in the tree of networks, so that no loop arises between */
	PHASE_REFERENCES,
	PHASE_SYSTEM,
	PHASE_DISABLE,
	PHASE_POLICY,
	PHASE_REMOVE, /* order: those first that depend on others */
};

enum outcome { ACTION_TODO, ACTION_DONE, ACTION_FAILED, ACTION_SKIPPED };

struct action {
	enum phase phase;
	guint order, number; /* number: that of its making, to keep the order otherwise */
	char sign;	     /* '+', '-' or '~' */
	char *subject;	     /* owned; a qube's name, "system", "labels", "policy" */
	char *text;	     /* owned; what is done: "memory: 400 -> 600" */
	char *detail;	     /* owned; further lines, or NULL */
	char *dest, *method, *arg, *payload; /* owned; the call; method NULL: a policy file */
	char *why;			     /* owned; of a failure */
	enum outcome outcome;
};

struct apply {
	struct ctx *c;
	const char *file;      /* for messages */
	struct doc *doc;       /* owned */
	struct doc *qubes;     /* within doc, or NULL */
	GPtrArray *actions;    /* owned; struct action */
	GStrv labels, classes; /* owned */
	guint problems;	       /* found by the checks, and reported */
};

/* "FILE:LINE: …" on stderr, and counts. Returns false. */
bool apply_problem(struct apply *a, const struct doc *at, const char *format, ...)
	G_GNUC_PRINTF(3, 4);

/* The description of a qube, NULL when there is none. */
const struct doc *apply_qube(const struct apply *a, const char *name);

/* Whether a qube is described as absent. */
bool apply_is_absent(const struct doc *qube);

/* The text that is described for a property, feature …; NULL: its default is asked for. */
const char *apply_text(const struct doc *value);

/* What a qube is to have for a property as the file describes it (name, or in properties). */
const struct doc *apply_property(const struct doc *qube, const char *name);

/* Calls fn for each property described. */
typedef bool (*apply_property_fn)(struct apply *a, const char *qube, const char *name,
				  const struct doc *value, GError **err);
bool apply_each_property(struct apply *a, const char *qube, const struct doc *d,
			 apply_property_fn fn, GError **err);

/* Whether a property names another qube. */
bool apply_is_reference(const char *property);

/* Checks the whole description against the system; false after messages. Nothing is changed. */
bool apply_check(struct apply *a, GError **err);

/* What a qube is connected to when all is done; NULL: nothing, or unknown. Of the network in
 * the file if it says, else the present one. */
const char *apply_netvm_after(struct apply *a, const char *qube);

/* Adds an action; texts are copied, NULL where there is none. The caller may set more. */
struct action *apply_add(struct apply *a, enum phase phase, char sign, const char *subject,
			 const char *dest, const char *method, const char *arg,
			 const char *payload);
void action_free(struct action *act);

/* Fills a->actions from the difference. False with err set. */
bool apply_plan(struct apply *a, GError **err);
bool plan_settings(struct apply *a, const char *name, const struct doc *d, bool is_new,
		   GError **err);
bool plan_policy(struct apply *a, const struct doc *policy, GError **err);

/* The content of a policy file; NULL when there is none; NULL with err set on failure. */
char *policy_get(struct apply *a, const char *name, GError **err);
GStrv policy_list(struct apply *a, bool include, GError **err);
/* text NULL removes it. */
bool policy_set(struct apply *a, const char *name, const char *text, GError **err);

/* What changes between two texts, "-line" and "+line", without what they begin and end with in
 * common. g_free(). */
char *apply_changed_lines(const char *old, const char *new);

/* Prints what would be done, as text or JSON. */
void apply_show(struct apply *a);
void apply_show_json(struct apply *a);

/* Does it all; how many actions failed or were skipped. stop: at the first failure. */
guint apply_run(struct apply *a, bool stop);

/* The rules described, in their standard form, one per line; NULL with err set. */
char *apply_firewall_text(const struct doc *rules, GError **err);

/* The present system as a document. NULL with err set. */
struct doc *apply_dump(struct apply *a, GError **err);

#endif
