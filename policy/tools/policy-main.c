/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * qubes-policy: lists, shows, replaces and removes policy files; explains decisions. The user
 * is dom0's, or an admin qube's.
 */
#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "policy/tools/client.h"
#include "policy/tools/explain.h"
#include "qrexec/base/cleanup.h"
#include "qrexec/base/io.h"

#define TEXT_MAX (4u << 20)

static void usage(FILE *to)
{
	fprintf(to,
		"Usage: qubes-policy [-l|--list] [include/]        names of policy files\n"
		"       qubes-policy -g|--get [include/]NAME       print a file\n"
		"       qubes-policy -r|--replace [include/]NAME   replace it by standard input\n"
		"       qubes-policy -d|--remove [include/]NAME    remove it\n"
		"       qubes-policy explain SOURCE TARGET SERVICE[+ARG]\n"
		"                                                  what is decided, where, and "
		"why\n"
		"       qubes-policy reach TARGET                  who can reach it, by which "
		"services\n"
		"explain and reach take [--policy-dir DIR]... [--system-info FILE].\n");
}

static int fail(int r, const struct client_reply *reply)
{
	if (r < 0)
		fprintf(stderr, "qubes-policy: cannot call the policy service: %s\n", strerror(-r));
	else if (reply->err && *reply->err)
		fprintf(stderr, "%s%s", reply->err,
			reply->err[strlen(reply->err) - 1] == '\n' ? "" : "\n");
	else
		fprintf(stderr, "Command failed: the call was refused; see dom0's policy\n");
	return 1;
}

static int list(bool include)
{
	struct client_reply reply;
	int r = client_call("List", include, NULL, POL_STR(""), &reply);

	if (r)
		r = fail(r, &reply);
	else
		fwrite(reply.out, 1, reply.out_len, stdout);
	client_reply_clear(&reply);
	return r;
}

/* Prints the content, without the token and without white space at its end. */
static int get(bool include, const char *name)
{
	struct client_reply reply;
	int r = client_call("Get", include, name, POL_STR(""), &reply);
	const char *text = r ? NULL : memchr(reply.out, '\n', reply.out_len);

	if (r) {
		r = fail(r, &reply);
	} else if (text) {
		size_t len = reply.out_len - (size_t)(++text - reply.out);

		while (len && strchr(" \t\r\n\f\v", text[len - 1]))
			len--;
		printf("%.*s\n", (int)len, text);
	}
	client_reply_clear(&reply);
	return r;
}

static int replace(bool include, const char *name)
{
	_cleanup_free_ char *text = NULL;
	struct client_reply reply;
	struct pol_buf payload = {0};
	size_t len;
	int r = io_read_to_end(STDIN_FILENO, TEXT_MAX, &text, &len);

	if (r) {
		fprintf(stderr, "qubes-policy: cannot read standard input: %s\n", strerror(-r));
		return 1;
	}
	pol_buf_add(&payload, POL_STR("any\n"));
	pol_buf_add(&payload, (struct pol_str){text, len});
	r = client_call("Replace", include, name, (struct pol_str){payload.p, payload.n}, &reply);
	if (r)
		r = fail(r, &reply);
	pol_buf_clear(&payload);
	client_reply_clear(&reply);
	return r;
}

static int drop(bool include, const char *name)
{
	struct client_reply reply;
	int r = client_call("Remove", include, name, POL_STR("any"), &reply);

	if (r)
		r = fail(r, &reply);
	client_reply_clear(&reply);
	return r;
}

static int usage_error(const char *text)
{
	fprintf(stderr, "qubes-policy: %s\n", text);
	usage(stderr);
	return 2;
}

static int run(int method, const char *text)
{
	bool include;
	const char *name;

	if (!client_split_name(text, &include, &name))
		return usage_error("names have only letters, digits, and .-_+");
	if (method == 'l' && *name)
		return usage_error("--list takes no file name");
	if (method != 'l' && !*name)
		return usage_error("a file name is needed");
	switch (method) {
	case 'g':
		return get(include, name);
	case 'r':
		return replace(include, name);
	case 'd':
		return drop(include, name);
	default:
		return list(include);
	}
}

int main(int argc, char **argv)
{
	static const struct option options[] = {
		{"list", no_argument, NULL, 'l'},    {"get", no_argument, NULL, 'g'},
		{"replace", no_argument, NULL, 'r'}, {"remove", no_argument, NULL, 'd'},
		{"help", no_argument, NULL, 'h'},    {NULL, 0, NULL, 0}};
	int method = 'l', opt;

	if (argc > 1 && strcmp(argv[1], "explain") == 0)
		return explain_main(argc - 1, argv + 1);
	if (argc > 1 && strcmp(argv[1], "reach") == 0)
		return reach_main(argc - 1, argv + 1);
	while ((opt = getopt_long(argc, argv, "lgrdh", options, NULL)) != -1) {
		if (opt == 'h' || opt == '?') {
			usage(opt == 'h' ? stdout : stderr);
			return opt == 'h' ? 0 : 2;
		}
		method = opt;
	}
	if (argc - optind > 1)
		return usage_error("one file at a time");
	return run(method, optind < argc ? argv[optind] : "");
}
