// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Asks the user which qube gets a device, through the session's device agent
 * (device-agent.GUI): a socket service of the GUI domain that is told who may have it, as
 * JSON, and answers "allow:NAME" or "deny". What it says must be one of the names.
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
#define SERVICE "device-agent.GUI"

typedef struct {
	App *app;
	const Device *dev;
	char **names;
	size_t n;
	char *path, *request; /* owned */
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

static void prepare(gpointer p)
{
	Ask *a = p;
	g_autofree char *what = device_description(a->dev);
	GString *s = g_string_new("{");

	add_field(s, "source", a->dev->backend);
	add_field(s, "device_name", what);
	add_field(s, "argument", a->dev->port);
	g_string_append(s, "\"targets\": [");
	for (size_t i = 0; i < a->n; i++) {
		g_string_append(s, i ? ", " : "");
		add_string(s, a->names[i]);
	}
	g_string_append(s, "], ");
	add_field(s, "default_target", a->n == 1 ? a->names[0] : "");
	add_icons(s, a->app);
	g_string_append_c(s, '}');
	a->request = g_string_free(s, FALSE);
	a->path = g_strconcat(a->app->opt.root, "/run/qubes/" SERVICE, NULL);
}

/* Until the agent closes; "" when there is none, or it says nothing in time. */
static char *talk(const Ask *a)
{
	static const char head[] = SERVICE " dom0 name dom0";
	char answer[ANSWER_MAX + 1] = "";
	struct pollfd p = {.fd = unix_connect(a->path, SOCK_STREAM), .events = POLLIN};
	size_t n = 0;

	if (p.fd < 0) {
		g_message("nobody can be asked about devices: %s is not there", a->path);
		return g_strdup("");
	}
	if (!io_write_all(p.fd, head, sizeof(head)) &&
	    !io_write_all(p.fd, a->request, strlen(a->request)))
		shutdown(p.fd, SHUT_WR);
	while (n < ANSWER_MAX && poll(&p, 1, ANSWER_TIMEOUT_MS) > 0) {
		ssize_t r = read(p.fd, answer + n, ANSWER_MAX - n);

		if (r <= 0)
			break;
		n += (size_t)r;
	}
	close(p.fd);
	answer[n] = '\0';
	return g_strstrip(g_strdup(answer));
}

char *device_ask(Flow *f, const Device *dev, char **names, size_t n)
{
	Ask a = {.app = flow_app(f), .dev = dev, .names = names, .n = n};
	g_autofree char *answer = NULL;
	const char *chosen;

	flow_main(f, prepare, &a);
	answer = talk(&a);
	g_free(a.request);
	g_free(a.path);
	chosen = g_str_has_prefix(answer, "allow:") ? answer + strlen("allow:") : NULL;
	for (size_t i = 0; chosen && i < n; i++)
		if (!strcmp(names[i], chosen))
			return g_strdup(chosen);
	return NULL;
}
