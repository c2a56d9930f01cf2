/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Power states, features and name lists (vm.h). The peer is qubesd, trusted. */
#include <string.h>

#include "dom0/admin/vm.h"

/* A name further from the mistyped one than this is no suggestion. */
#define SUGGEST_DISTANCE 2
#define SUGGEST_NAME_MAX 64

GStrv admin_lines(const char *text)
{
	g_autoptr(GPtrArray) out = g_ptr_array_new();

	while (*text) {
		size_t n = strcspn(text, "\n");

		g_ptr_array_add(out, g_strndup(text, n));
		text += n + (text[n] == '\n');
	}
	g_ptr_array_add(out, NULL);
	return (GStrv)g_ptr_array_free(g_steal_pointer(&out), FALSE);
}

GStrv admin_list(struct admin *a, const char *dest, const char *method, GError **err)
{
	g_autofree char *text = admin_call(a, dest, method, NULL, NULL, err);

	return text ? admin_lines(text) : NULL;
}

char *admin_state_field(const char *answer, const char *key)
{
	g_auto(GStrv) words = g_strsplit_set(answer, " \n", -1);
	size_t n = strlen(key);

	for (char **w = words; *w; w++)
		if (!strncmp(*w, key, n) && (*w)[n] == '=')
			return g_strdup(*w + n + 1);
	return NULL;
}

char *admin_power_state(struct admin *a, const char *vm, GError **err)
{
	g_autoptr(GError) e = NULL;
	g_autofree char *text = admin_call(a, vm, "admin.vm.CurrentState", NULL, NULL, &e);
	char *state = text ? admin_state_field(text, "power_state") : NULL;

	if (state)
		return state;
	if (!e || admin_error_is(e, ADMIN_ERROR_ACCESS) ||
	    admin_error_is(e, ADMIN_ERROR_VM_NOT_FOUND))
		return g_strdup("NA");
	g_propagate_error(err, g_steal_pointer(&e));
	return NULL;
}

bool admin_state_running(const char *state)
{
	return strcmp(state, "Halted") != 0 && strcmp(state, "NA") != 0;
}

char *admin_feature(struct admin *a, const char *vm, const char *feature, bool with_template,
		    GError **err)
{
	g_autoptr(GError) e = NULL;
	char *v = admin_call(a, vm,
			     with_template ? "admin.vm.feature.CheckWithTemplate"
					   : "admin.vm.feature.Get",
			     feature, NULL, &e);

	if (!v && !admin_error_is(e, ADMIN_ERROR_KEY))
		g_propagate_error(err, g_steal_pointer(&e));
	return v;
}

bool admin_feature_bool(struct admin *a, const char *vm, const char *feature, bool dflt)
{
	g_autofree char *v = admin_feature(a, vm, feature, true, NULL);

	return v ? *v != 0 : dflt;
}

/* Edits (insert, delete, replace, swap of neighbours) from a to b, both short. */
static guint distance(const char *a, const char *b)
{
	guint d[SUGGEST_NAME_MAX + 1][SUGGEST_NAME_MAX + 1];
	guint na = (guint)strlen(a), nb = (guint)strlen(b);

	if (na > SUGGEST_NAME_MAX || nb > SUGGEST_NAME_MAX)
		return G_MAXUINT;
	for (guint i = 0; i <= na; i++)
		d[i][0] = i;
	for (guint j = 0; j <= nb; j++)
		d[0][j] = j;
	for (guint i = 1; i <= na; i++)
		for (guint j = 1; j <= nb; j++) {
			guint cost = a[i - 1] != b[j - 1];

			d[i][j] = MIN(MIN(d[i - 1][j], d[i][j - 1]) + 1, d[i - 1][j - 1] + cost);
			if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1])
				d[i][j] = MIN(d[i][j], d[i - 2][j - 2] + 1);
		}
	return d[na][nb];
}

const char *admin_vms_suggest(const struct admin_vms *vms, const char *name)
{
	const char *best = NULL;
	guint best_distance = SUGGEST_DISTANCE + 1;

	for (guint i = 0; i < vms->list->len; i++) {
		const struct admin_vm *vm = g_ptr_array_index(vms->list, i);
		guint dist = distance(name, vm->name);

		if (dist < best_distance && dist < strlen(name)) {
			best = vm->name;
			best_distance = dist;
		}
	}
	return best;
}
