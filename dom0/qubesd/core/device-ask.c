// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Asks the user which qube gets a device: the session's device agent (device-agent.GUI) is told
 * who may have it, as JSON, and answers "allow:NAME" or "deny". Where there is none, the
 * agent that asks about calls is asked, as if the backend called device.Attach+PORT. What either
 * says must be one of the names.
 */
#include "dom0/qubesd/core/device-private.h"

#include "dom0/qubesd/core/attributes.h"
#include "dom0/qubesd/core/property.h"
#include "qrexec/base/io.h"
#include "qrexec/base/unixsock.h"

#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define ANSWER_TIMEOUT_MS 300000
#define ANSWER_MAX 128

/* A header is sent with its NUL. */
static const struct {
	const char *socket, *header;
	bool as_call; /* the question in the words of policy.Ask */
} agents[] = {
	{"device-agent.GUI", "device-agent.GUI dom0 name dom0", false},
	{"policy-agent.sock", "policy.Ask dom0 name dom0", true},
};

typedef struct {
	App *app;
	const Device *dev;
	char **names;
	size_t n;
	char *request[G_N_ELEMENTS(agents)]; /* owned */
} Ask;

static void add_string(GString *s, const char *text)
{
	g_string_append_c(s, '"');
	for (const char *p = text; *p; p++) {
		if (*p == '"' || *p == '\\')
			g_string_append_c(s, '\\');
		g_string_append_c(s, *p);
	}
	g_string_append_c(s, '"');
}

static void add_field(GString *s, const char *key, const char *value)
{
	g_string_append_printf(s, "\"%s\": ", key);
	add_string(s, value);
	g_string_append(s, ", ");
}

static void add_icons(GString *s, App *app)
{
	g_string_append(s, "\"icons\": {");
	for (guint i = 0; i < app->domains->len; i++) {
		Domain *d = g_ptr_array_index(app->domains, i);
		g_autofree char *icon = prop_str(&d->h, P_icon);
		g_autofree char *name =
			g_strconcat(d->h.cls == CLS_DISP ? "@dispvm:" : "", d->name, NULL);

		g_string_append(s, i ? ", " : "");
		add_string(s, name);
		g_string_append(s, ": ");
		add_string(s, icon ? icon : "");
	}
	g_string_append(s, "}");
}

static char *question(const Ask *a, bool as_call)
{
	g_autofree char *what = device_description(a->dev);
	g_autofree char *argument = g_strconcat(as_call ? "+" : "", a->dev->port, NULL);
	GString *s = g_string_new("{");

	add_field(s, "source", a->dev->backend);
	if (as_call)
		add_field(s, "service", "device.Attach");
	else
		add_field(s, "device_name", what);
	add_field(s, "argument", argument);
	g_string_append(s, "\"targets\": [");
	for (size_t i = 0; i < a->n; i++) {
		g_string_append(s, i ? ", " : "");
		add_string(s, a->names[i]);
	}
	g_string_append(s, "], ");
	add_field(s, "default_target", a->n == 1 ? a->names[0] : "");
	add_icons(s, a->app);
	g_string_append_c(s, '}');
	return g_string_free(s, FALSE);
}

static void prepare(gpointer p)
{
	Ask *a = p;

	for (size_t i = 0; i < G_N_ELEMENTS(agents); i++)
		a->request[i] = question(a, agents[i].as_call);
}

/* Until the agent closes; "" when it says nothing in time. */
static char *talk(int fd, const char *header, const char *request)
{
	char answer[ANSWER_MAX + 1] = "";
	struct pollfd p = {.fd = fd, .events = POLLIN};
	size_t n = 0;

	if (!io_write_all(fd, header, strlen(header) + 1) &&
	    !io_write_all(fd, request, strlen(request)))
		shutdown(fd, SHUT_WR);
	while (n < ANSWER_MAX && poll(&p, 1, ANSWER_TIMEOUT_MS) > 0) {
		ssize_t r = read(fd, answer + n, ANSWER_MAX - n);

		if (r <= 0)
			break;
		n += (size_t)r;
	}
	answer[n] = '\0';
	return g_strstrip(g_strdup(answer));
}

/* The first agent that is there. */
static char *ask(const Ask *a)
{
	for (size_t i = 0; i < G_N_ELEMENTS(agents); i++) {
		g_autofree char *path =
			g_strconcat(a->app->opt.root, "/run/qubes/", agents[i].socket, NULL);
		int fd = unix_connect(path, SOCK_STREAM);
		char *answer;

		if (fd < 0)
			continue;
		answer = talk(fd, agents[i].header, a->request[i]);
		close(fd);
		return answer;
	}
	g_message("device %s:%s: nobody can be asked about it, there is no agent in a session",
		  a->dev->backend, a->dev->port);
	return g_strdup("");
}

char *device_ask(Flow *f, const Device *dev, char **names, size_t n)
{
	Ask a = {.app = flow_app(f), .dev = dev, .names = names, .n = n};
	g_autofree char *answer = NULL;
	const char *chosen;

	flow_main(f, prepare, &a);
	answer = ask(&a);
	for (size_t i = 0; i < G_N_ELEMENTS(agents); i++)
		g_free(a.request[i]);
	chosen = g_str_has_prefix(answer, "allow:") ? answer + strlen("allow:") : NULL;
	for (size_t i = 0; chosen && i < n; i++)
		if (!strcmp(names[i], chosen))
			return g_strdup(chosen);
	return NULL;
}
