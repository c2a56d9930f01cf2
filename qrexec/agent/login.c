/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Becoming the user of a call. Runs in the forked child, as root: through PAM (service
 * "qrexec") and a login shell, so that a service sees the environment of a login. User
 * name and command come from dom0, which is trusted.
 */
#include <dlfcn.h>
#include <errno.h>
#include <grp.h>
#include <pwd.h>
#include <security/pam_appl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "qrexec/agent/agent.h"
#include "qrexec/base/cleanup.h"

#define PAM_NAME "qrexec"
#define DEFAULT_PATH "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"

__attribute__((noreturn)) static void give_up(const char *what, const char *why)
{
	fprintf(stderr, "qrexec-agent: %s: %s\n", what, why);
	_exit(QRX_EXIT_PROBLEM);
}

/* Nobody is there to answer: errors are printed, questions get an empty answer. */
static int converse(int n, const struct pam_message **msg, struct pam_response **ret, void *data)
{
	struct pam_response *r;

	if (n <= 0 || n > PAM_MAX_NUM_MSG)
		return PAM_CONV_ERR;
	r = calloc((size_t)n, sizeof(*r));
	if (!r)
		return PAM_BUF_ERR;
	for (int i = 0; i < n; i++) {
		if (msg[i]->msg_style == PAM_ERROR_MSG)
			fprintf(stderr, "%s\n", msg[i]->msg);
		else if (msg[i]->msg_style != PAM_TEXT_INFO)
			r[i].resp = strdup("");
	}
	*ret = r;
	return PAM_SUCCESS;
}

static bool have_pam_config(void)
{
	return access("/etc/pam.d/" PAM_NAME, R_OK) == 0 ||
	       access("/usr/lib/pam.d/" PAM_NAME, R_OK) == 0;
}

/*
 * libpam, loaded here and not with the agent: the agent forks for every call, and most
 * calls go to a fork server and never need it.
 */
struct pam {
	__typeof__(pam_start) *start;
	__typeof__(pam_authenticate) *authenticate;
	__typeof__(pam_setcred) *setcred;
	__typeof__(pam_open_session) *open_session;
	__typeof__(pam_close_session) *close_session;
	__typeof__(pam_end) *end;
	__typeof__(pam_strerror) *strerror;
	__typeof__(pam_getenvlist) *getenvlist;
	pam_handle_t *handle;
};

static bool load_pam(struct pam *p)
{
	void *lib = have_pam_config() ? dlopen("libpam.so.0", RTLD_NOW | RTLD_LOCAL) : NULL;
	const struct {
		const char *name;
		void *to;
	} symbols[] = {
		{"pam_start", &p->start},
		{"pam_authenticate", &p->authenticate},
		{"pam_setcred", &p->setcred},
		{"pam_open_session", &p->open_session},
		{"pam_close_session", &p->close_session},
		{"pam_end", &p->end},
		{"pam_strerror", &p->strerror},
		{"pam_getenvlist", &p->getenvlist},
	};

	if (!lib)
		return false;
	for (size_t i = 0; i < ARRAY_LEN(symbols); i++) {
		void *f = dlsym(lib, symbols[i].name);

		if (!f)
			return false;
		memcpy(symbols[i].to, &f, sizeof(f));
	}
	return true;
}

static void open_session(struct pam *p, const struct passwd *pw)
{
	static const struct pam_conv conv = {converse, NULL};
	int r = p->start(PAM_NAME, pw->pw_name, &conv, &p->handle);

	if (r == PAM_SUCCESS)
		r = p->authenticate(p->handle, 0);
	if (r == PAM_SUCCESS && initgroups(pw->pw_name, pw->pw_gid) < 0)
		r = PAM_SYSTEM_ERR;
	if (r == PAM_SUCCESS)
		r = p->setcred(p->handle, PAM_ESTABLISH_CRED);
	if (r == PAM_SUCCESS)
		r = p->open_session(p->handle, 0);
	if (r != PAM_SUCCESS)
		give_up("PAM refuses the session",
			p->handle ? p->strerror(p->handle, r) : "no handle");
}

/* name=value, or nothing when out of memory. */
static char *var(const char *name, const char *value)
{
	char *s;

	return asprintf(&s, "%s=%s", name, value) < 0 ? NULL : s;
}

static bool has_var(char *const *env, const char *name)
{
	size_t n = strlen(name);

	for (; *env; env++)
		if (!strncmp(*env, name, n) && (*env)[n] == '=')
			return true;
	return false;
}

/* What PAM gave (may be NULL) and what a login always has. */
static char **login_env(const struct passwd *pw, char **from_pam)
{
	char runtime[64];
	struct stat st;
	size_t n = 0;
	char **env;

	while (from_pam && from_pam[n])
		n++;
	env = calloc(n + 8, sizeof(*env));
	if (!env)
		return NULL;
	for (size_t i = 0; i < n; i++)
		env[i] = from_pam[i];
	if (!has_var(env, "PATH"))
		env[n++] = var("PATH", DEFAULT_PATH);
	env[n++] = var("HOME", pw->pw_dir);
	env[n++] = var("SHELL", pw->pw_shell);
	env[n++] = var("USER", pw->pw_name);
	env[n++] = var("LOGNAME", pw->pw_name);
	snprintf(runtime, sizeof(runtime), "/run/user/%u", (unsigned)pw->pw_uid);
	if (!has_var(env, "XDG_RUNTIME_DIR") && stat(runtime, &st) == 0 && st.st_uid == pw->pw_uid)
		env[n++] = var("XDG_RUNTIME_DIR", runtime);
	return env;
}

/* "-bash" for "/bin/bash": a login shell. */
static char *login_argv0(const char *shell)
{
	const char *slash = strrchr(shell, '/');
	char *s;

	return asprintf(&s, "-%s", slash ? slash + 1 : shell) < 0 ? NULL : s;
}

__attribute__((noreturn)) static void exec_as_user(const struct spawn *s, const struct passwd *pw,
						   char **base, pid_t relay_pid)
{
	const struct qrx_command *c = s->cmd;
	char **env = base ? spawn_env(base, c, relay_pid) : NULL;

	if (!env)
		give_up("cannot run the call", "out of memory");
	if (setgid(pw->pw_gid) < 0 || setuid(pw->pw_uid) < 0)
		give_up("cannot become the user of the call", strerror(errno));
	setsid();
	if (chdir(pw->pw_dir) < 0)
		fprintf(stderr, "qrexec-agent: cannot enter %s: %s\n", pw->pw_dir, strerror(errno));
	if (s->path) {
		/* The words are parameters of the shell, never part of its script. */
		char *arg = c->has_arg && c->arg_len ? strndup(c->arg, c->arg_len) : NULL;
		char *argv[] = {"/bin/sh", "-lc", "exec \"$0\" \"$@\"", (char *)s->path, arg, NULL};

		execve("/bin/sh", argv, env);
	} else {
		char *argv[] = {login_argv0(pw->pw_shell), "-c", (char *)c->text, NULL};

		execve(pw->pw_shell, argv, env);
	}
	give_up("cannot run the user's shell", strerror(errno));
}

/* Waits for the service and ends its session. Keeps none of its descriptors. */
__attribute__((noreturn)) static void close_session(struct pam *p, pid_t child)
{
	int status = 0;

	close(STDIN_FILENO);
	close(STDOUT_FILENO);
	close(STDERR_FILENO);
	while (waitpid(child, &status, 0) < 0 && errno == EINTR)
		;
	p->close_session(p->handle, 0);
	p->end(p->handle, p->setcred(p->handle, PAM_DELETE_CRED | PAM_SILENT));
	_exit(WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status));
}

void login_exec(const struct spawn *s)
{
	pid_t relay_pid = getppid(), child;
	struct pam pam = {0};
	struct passwd *pw;

	pw = getpwnam(s->cmd->user);
	if (!pw || !pw->pw_dir[0] || !pw->pw_shell[0])
		give_up("there is no such user in this qube", s->cmd->user);
	if (!load_pam(&pam)) {
		if (initgroups(pw->pw_name, pw->pw_gid) < 0)
			give_up("cannot set the groups of the user", strerror(errno));
		exec_as_user(s, pw, login_env(pw, NULL), relay_pid);
	}
	open_session(&pam, pw);
	/* PAM's modules may have overwritten the static entry. */
	pw = getpwnam(s->cmd->user);
	if (!pw)
		give_up("there is no such user in this qube", s->cmd->user);
	child = fork();
	if (child < 0)
		give_up("cannot start a process", strerror(errno));
	if (child == 0)
		exec_as_user(s, pw, login_env(pw, pam.getenvlist(pam.handle)), relay_pid);
	close_session(&pam, child);
}
