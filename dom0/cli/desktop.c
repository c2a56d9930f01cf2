/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Who the desktop belongs to (desktop.h). No peer. */
#include "dom0/cli/desktop.h"

#include <pwd.h>
#include <stdbool.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "dom0/admin/program.h"
#include "qrexec/base/paths.h"

/* Where root's own settings and session would be found instead of the user's. */
static const char *const roots_own[] = {"XDG_DATA_HOME",   "XDG_CONFIG_HOME",
					"XDG_CACHE_HOME",  "XDG_STATE_HOME",
					"XDG_RUNTIME_DIR", "DBUS_SESSION_BUS_ADDRESS"};

/* A folder's owner (dir: from the root, without its slash), whoever that is: of a dom0 below a root
 * of its own, they need not have a name.
 */
static bool owner_of(const char *dir, struct stat *ret)
{
	char path[QUBES_PATH_MAX];

	return qubes_path(path, sizeof(path), "/%s", dir) && stat(path, ret) == 0 &&
	       S_ISDIR(ret->st_mode);
}

/* From the file itself: a static program has no other source of users. False: no such user. */
static bool find_user(uid_t uid, char **ret_home, gid_t *ret_gid)
{
	FILE *f = fopen("/etc/passwd", "re");
	const struct passwd *user = NULL;

	while (f && (user = fgetpwent(f)) && user->pw_uid != uid)
		;
	if (user) {
		*ret_home = g_strdup(user->pw_dir);
		*ret_gid = user->pw_gid;
	}
	if (f)
		fclose(f);
	return user != NULL;
}

/* What comes before a command of root's to make it the owner's. False: they have no home. */
static bool add_identity(GPtrArray *argv, const struct stat *owner)
{
	g_autofree char *home = NULL;
	gid_t gid = owner->st_gid;
	bool named = find_user(owner->st_uid, &home, &gid);
	struct stat st;

	if (*qubes_root() && owner_of("home", &st) && st.st_uid == owner->st_uid) {
		g_free(home);
		home = g_strconcat(qubes_root(), "/home", NULL);
	}
	if (!home)
		return false;
	g_ptr_array_add(argv, g_strdup("env"));
	for (size_t i = 0; i < G_N_ELEMENTS(roots_own); i++)
		g_ptr_array_add(argv, g_strdup_printf("--unset=%s", roots_own[i]));
	g_ptr_array_add(argv, g_strconcat("HOME=", home, NULL));
	g_ptr_array_add(argv, g_strdup("setpriv"));
	g_ptr_array_add(argv, g_strdup_printf("--reuid=%u", owner->st_uid));
	g_ptr_array_add(argv, g_strdup_printf("--regid=%u", gid));
	g_ptr_array_add(argv, g_strdup(named ? "--init-groups" : "--clear-groups"));
	g_ptr_array_add(argv, g_strdup("--"));
	return true;
}

int desktop_run(const char *const *argv, GError **err)
{
	g_autoptr(GPtrArray) all = g_ptr_array_new_with_free_func(g_free);
	struct stat owner = {0};
	pid_t pid;

	/* The owner of the sockets' folder is who qubesd was told of, or the user of group qubes.
	 */
	if (geteuid() == 0 && !owner_of("run/qubes", &owner))
		return 0;
	if (owner.st_uid != 0 && !add_identity(all, &owner))
		return 0;
	for (; *argv; argv++)
		g_ptr_array_add(all, g_strdup(*argv));
	g_ptr_array_add(all, NULL);
	pid = program_spawn((const char *const *)all->pdata, -1, -1, STDERR_FILENO, err);
	return pid < 0 ? -1 : program_wait(pid);
}
