/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Showing what would be done, and doing it (apply.h). */
#include <string.h>

#include "dom0/cli/apply/apply.h"

char *apply_changed_lines(const char *old, const char *new)
{
	g_auto(GStrv) a = admin_lines(old);
	g_auto(GStrv) b = admin_lines(new);
	guint na = g_strv_length(a), nb = g_strv_length(b), same = 0;
	g_autoptr(GString) out = g_string_new(NULL);

	while (na && !*a[na - 1])
		na--;
	while (nb && !*b[nb - 1])
		nb--;
	while (same < na && same < nb && !strcmp(a[same], b[same]))
		same++;
	while (na > same && nb > same && !strcmp(a[na - 1], b[nb - 1])) {
		na--;
		nb--;
	}
	for (guint i = same; i < na; i++)
		g_string_append_printf(out, "-%s\n", a[i]);
	for (guint i = same; i < nb; i++)
		g_string_append_printf(out, "+%s\n", b[i]);
	return g_string_free(g_steal_pointer(&out), FALSE);
}

static void print_action(const struct action *act)
{
	g_auto(GStrv) lines = act->detail ? admin_lines(act->detail) : NULL;

	printf("%c %s: %s\n", act->sign, act->subject, act->text);
	for (char **l = lines; l && *l; l++)
		if (**l)
			printf("      %s\n", *l);
}

/* The actions about one subject after each other, subjects in the order they come up in. */
static GPtrArray *by_subject(struct apply *a)
{
	g_autoptr(GHashTable) groups = g_hash_table_new(g_str_hash, g_str_equal);
	g_autoptr(GPtrArray) order =
		g_ptr_array_new_with_free_func((GDestroyNotify)g_ptr_array_unref);
	GPtrArray *all = g_ptr_array_new();

	for (guint i = 0; i < a->actions->len; i++) {
		struct action *act = g_ptr_array_index(a->actions, i);
		GPtrArray *group = g_hash_table_lookup(groups, act->subject);

		if (!group) {
			group = g_ptr_array_new();
			g_hash_table_insert(groups, act->subject, group);
			g_ptr_array_add(order, group);
		}
		g_ptr_array_add(group, act);
	}
	for (guint i = 0; i < order->len; i++)
		g_ptr_array_extend(all, g_ptr_array_index(order, i), NULL, NULL);
	return all;
}

void apply_show(struct apply *a)
{
	g_autoptr(GPtrArray) all = by_subject(a);

	for (guint i = 0; i < all->len; i++)
		print_action(g_ptr_array_index(all, i));
}

void apply_show_json(struct apply *a)
{
	g_autoptr(GPtrArray) all = by_subject(a);
	g_autoptr(Doc) d = doc_new(DOC_TABLE, 0);
	struct doc *list = doc_set(d, "changes", doc_new(DOC_ARRAY, 0));
	g_autoptr(GString) out = g_string_new(NULL);

	for (guint i = 0; i < all->len; i++) {
		const struct action *act = g_ptr_array_index(all, i);
		struct doc *t = doc_append(list, doc_new(DOC_TABLE, 0));

		doc_set_text(t, "subject", act->subject);
		doc_set_text(t, "kind",
			     act->sign == '+'	? "add"
			     : act->sign == '-' ? "remove"
						: "change");
		doc_set_text(t, "change", act->text);
		if (act->detail)
			doc_set_text(t, "lines", act->detail);
	}
	doc_write_json(out, d);
	fputs(out->str, stdout);
}

static bool run_one(struct apply *a, struct action *act, GError **err)
{
	if (act->method)
		return admin_do(a->c->admin, act->dest, act->method, act->arg, act->payload, err);
	return policy_set(a, act->arg, act->payload, err);
}

guint apply_run(struct apply *a, bool stop)
{
	g_autoptr(GHashTable) missing = g_hash_table_new(g_str_hash, g_str_equal);
	guint bad = 0;

	for (guint i = 0; i < a->actions->len; i++) {
		struct action *act = g_ptr_array_index(a->actions, i);
		g_autoptr(GError) e = NULL;

		/* Without the qube nothing about it can be done; one line said so. */
		if ((stop && bad) || g_hash_table_contains(missing, act->subject)) {
			act->outcome = ACTION_SKIPPED;
			bad++;
			continue;
		}
		if (run_one(a, act, &e)) {
			act->outcome = ACTION_DONE;
			if (a->c->verbose > 0)
				print_action(act);
			continue;
		}
		act->outcome = ACTION_FAILED;
		bad++;
		if (act->phase == PHASE_CREATE)
			g_hash_table_add(missing, act->subject);
		ctx_error(a->c, "%s: %s: %s", act->subject, act->text, e->message);
	}
	return bad;
}
