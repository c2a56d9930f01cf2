/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Policy files of a description (apply.h), through qubes-policy, which works in dom0 and from a
 * qube that may change the policy, and refuses what would not load. It is trusted.
 */
#include <errno.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "dom0/admin/program.h"
#include "dom0/admin/service.h"
#include "dom0/cli/apply/apply.h"
#include "qrexec/base/cleanup.h"
#include "qrexec/base/io.h"

#define ABSENT "@absent"
#define OUTPUT_MAX (1024 * 1024)

/* All that was written into a memory file. g_free(). */
static char *read_back(int fd)
{
	_cleanup_free_ char *text = NULL;
	size_t len;

	if (lseek(fd, 0, SEEK_SET) < 0 || io_read_to_end(fd, OUTPUT_MAX, &text, &len) < 0)
		return g_strdup("");
	return g_strdup(text);
}

/* Runs qubes-policy OPTION NAME with input. Its output to g_free(), or NULL with err set. */
static char *run(const char *option, const char *name, const char *input, GError **err)
{
	g_autofree char *program = program_find("qubes-policy", NULL);
	const char *argv[] = {program, option, "--", name, NULL};
	_cleanup_close_ int in = service_input(input, err);
	_cleanup_close_ int out = memfd_create("policy-output", MFD_CLOEXEC);
	_cleanup_close_ int said = memfd_create("policy-errors", MFD_CLOEXEC);
	g_autofree char *why = NULL;
	pid_t pid;
	int code;

	if (in < 0)
		return NULL;
	if (out < 0 || said < 0) {
		g_set_error(err, ADMIN_ERROR, ADMIN_ERROR_COMMUNICATION,
			    "cannot call qubes-policy: %s", g_strerror(errno));
		return NULL;
	}
	pid = program_spawn(argv, in, out, said, err);
	if (pid < 0)
		return NULL;
	code = program_wait(pid);
	if (!code)
		return read_back(out);
	why = g_strstrip(read_back(said));
	g_strdelimit(why, "\n", ' ');
	g_set_error(err, ADMIN_ERROR, ADMIN_ERROR_OTHER, "%s",
		    *why ? why : "qubes-policy failed without a word");
	return NULL;
}

GStrv policy_list(struct apply *a, bool include, GError **err)
{
	g_autofree char *text = run("--list", include ? "include/" : "", "", err);
	g_autoptr(GPtrArray) names = NULL;
	g_auto(GStrv) lines = text ? admin_lines(text) : NULL;

	if (!lines)
		return NULL;
	names = g_ptr_array_new();
	for (char **l = lines; *l; l++)
		if (**l && include && !g_str_has_prefix(*l, "include/"))
			g_ptr_array_add(names, g_strconcat("include/", *l, NULL));
		else if (**l)
			g_ptr_array_add(names, g_strdup(*l));
	g_ptr_array_add(names, NULL);
	return (GStrv)g_ptr_array_free(g_steal_pointer(&names), FALSE);
}

char *policy_get(struct apply *a, const char *name, GError **err)
{
	bool include = g_str_has_prefix(name, "include/");
	g_auto(GStrv) names = policy_list(a, include, err);

	if (!names || !g_strv_contains((const char *const *)names, name))
		return NULL;
	return run("--get", name, "", err);
}

bool policy_set(struct apply *a, const char *name, const char *text, GError **err)
{
	g_autofree char *out =
		text ? run("--replace", name, text, err) : run("--remove", name, "", err);

	return out != NULL;
}

bool plan_policy(struct apply *a, const struct doc *policy, GError **err)
{
	for (guint i = 0; i < doc_size(policy); i++) {
		const char *name = doc_key(policy, i), *wanted = doc_item(policy, i)->text;
		bool absent = !strcmp(wanted, ABSENT);
		g_autofree char *text = absent || g_str_has_suffix(wanted, "\n")
						? g_strdup(wanted)
						: g_strconcat(wanted, "\n", NULL);
		g_autoptr(GError) e = NULL;
		g_autofree char *old = policy_get(a, name, &e);
		g_autofree char *old_trimmed = old ? g_strchomp(g_strdup(old)) : NULL;
		g_autofree char *trimmed = g_strchomp(g_strdup(text));
		struct action *act;

		if (e) {
			g_propagate_error(err, g_steal_pointer(&e));
			return false;
		}
		if (absent ? !old : old && !strcmp(old_trimmed, trimmed))
			continue;
		act = apply_add(a, PHASE_POLICY,
				absent ? '-'
				: old  ? '~'
				       : '+',
				"policy", NULL, NULL, name, absent ? NULL : text);
		act->text = g_strdup_printf("file %s", name);
		act->detail = apply_changed_lines(old ? old : "", absent ? "" : text);
	}
	return true;
}
