/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Talk with the policy daemon and qubesd (answer.h). Both are trusted, but the names
 * in the questions come from a qube, and a malformed answer must never be an allow.
 */
#include "qrexec/proto/answer.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

struct fields {
	const char *result, *user, *target, *target_uuid, *autostart, *requested_target, *service,
		*policy_source;
};

static const char **find_field(struct fields *f, const char *key, size_t n)
{
	const struct {
		const char *name;
		const char **slot;
	} table[] = {
		{"result", &f->result},	      {"user", &f->user},
		{"target", &f->target},	      {"target_uuid", &f->target_uuid},
		{"autostart", &f->autostart}, {"requested_target", &f->requested_target},
		{"service", &f->service},     {"policy_source", &f->policy_source},
	};

	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++)
		if (strlen(table[i].name) == n && !memcmp(table[i].name, key, n))
			return table[i].slot;
	return NULL;
}

static int read_fields(char *text, struct fields *f)
{
	char *line;

	while ((line = strsep(&text, "\n"))) {
		char *eq = strchr(line, '=');
		const char **slot;

		if (!eq)
			return -EBADMSG;
		slot = find_field(f, line, (size_t)(eq - line));
		if (!slot)
			continue;
		if (*slot)
			return -EBADMSG;
		*slot = eq + 1;
	}
	return 0;
}

static int read_allow(const struct fields *f, struct qrx_answer *a)
{
	if (!f->user || !f->target || !f->requested_target || !f->autostart)
		return -EBADMSG;
	if (!strcmp(f->autostart, "True"))
		a->autostart = true;
	else if (strcmp(f->autostart, "False") != 0)
		return -EBADMSG;
	a->allow = true;
	a->user = f->user;
	a->target = f->target;
	a->target_uuid = f->target_uuid;
	a->requested_target = f->requested_target;
	a->service = f->service;
	a->policy_source = f->policy_source;
	return 0;
}

int qrx_answer_parse(char *text, size_t len, struct qrx_answer *ret)
{
	struct qrx_answer a = {0};
	struct fields f = {0};
	int r;

	if (!len || len > QRX_ANSWER_MAX || memchr(text, '\0', len))
		return -EBADMSG;
	if (text[len - 1] == '\n')
		len--;
	text[len] = '\0';
	r = read_fields(text, &f);
	if (r || !f.result)
		return -EBADMSG;
	if (!strcmp(f.result, "allow"))
		r = read_allow(&f, &a);
	else if (strcmp(f.result, "deny") != 0 || f.user || f.target || f.requested_target ||
		 f.autostart)
		r = -EBADMSG;
	if (!r)
		*ret = a;
	return r;
}

static bool one_line(const char *s)
{
	return !s || !strchr(s, '\n');
}

long qrx_question_write(const char *source, const char *requested_source, const char *target,
			const char *service, char *buf, size_t cap)
{
	int n;

	if (!one_line(source) || !one_line(requested_source) || !one_line(target) ||
	    !one_line(service))
		return -EINVAL;
	n = snprintf(buf, cap, "source=%s%s%s\nintended_target=%s\nservice_and_arg=%s\n\n", source,
		     requested_source ? "\nrequested_source=" : "",
		     requested_source ? requested_source : "", target, service);
	return n < 0 || (size_t)n >= cap ? -ENAMETOOLONG : n;
}

long qrx_admin_write(const char *method, const char *arg, const char *dest, char *buf, size_t cap)
{
	int n;

	if (strpbrk(method, " +") || strchr(arg, ' ') || strchr(dest, ' ') || !*dest)
		return -EINVAL;
	n = snprintf(buf, cap, "%s+%s dom0 name %s", method, arg, dest);
	return n < 0 || (size_t)n + 1 > cap ? -ENAMETOOLONG : n + 1;
}

int qrx_admin_parse(char *text, size_t len, const char **ret_type, const char **ret_text)
{
	char *end = text + len, *type, *message;

	if (len < 2 || text[1] != '\0')
		return -EBADMSG;
	*end = '\0';
	if (text[0] == '0') {
		if (memchr(text + 2, '\0', len - 2))
			return -EBADMSG;
		*ret_text = text + 2;
		return 0;
	}
	if (text[0] != '2')
		return -EBADMSG;
	type = text + 2;
	message = memchr(type, '\0', (size_t)(end - type)); /* end of the class */
	if (message)
		message = memchr(message + 1, '\0',
				 (size_t)(end - message - 1)); /* of the traceback */
	*ret_type = type;
	*ret_text = message ? message + 1 : "";
	return -EREMOTEIO;
}
