/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Running services in qubes (service.h). The qrexec clients are ours; what comes out of a
 * service is the qube's, and is passed on or returned as untrusted.
 */
#include "dom0/admin/service.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "dom0/admin/program.h"
#include "qrexec/base/cleanup.h"
#include "qrexec/base/io.h"

#define OUTPUT_MAX 65536

static pid_t spawn_local(const struct service *s, GPtrArray *argv, GError **err)
{
	g_autofree char *client = program_find("qrexec-client", "QREXEC_CLIENT");
	g_autofree char *command =
		g_strdup_printf("%s:QUBESRPC %s%s dom0", s->user ? s->user : "DEFAULT", s->name,
				strchr(s->name, '+') ? "" : "+");
	g_autofree char *timeout = g_strdup_printf("%u", s->timeout);

	g_ptr_array_insert(argv, 0, client);
	g_ptr_array_insert(argv, 1, (gpointer) "-d");
	g_ptr_array_insert(argv, 2, (gpointer)s->dest);
	if (s->no_wait)
		g_ptr_array_add(argv, (gpointer) "-e");
	if (s->timeout) {
		g_ptr_array_add(argv, (gpointer) "-w");
		g_ptr_array_add(argv, timeout);
	}
	g_ptr_array_add(argv, command);
	g_ptr_array_add(argv, NULL);
	return program_spawn((const char *const *)argv->pdata, s->in, s->out, s->err, err);
}

static pid_t spawn_remote(const struct service *s, GPtrArray *argv, GError **err)
{
	g_autofree char *client = program_find("qrexec-client-vm", "QREXEC_CLIENT_VM");

	if (s->user) {
		g_set_error_literal(err, ADMIN_ERROR, ADMIN_ERROR_NOT_IMPLEMENTED,
				    "another user than the default one is possible only from dom0");
		return -1;
	}
	g_ptr_array_insert(argv, 0, client);
	g_ptr_array_add(argv, (gpointer)s->dest);
	g_ptr_array_add(argv, (gpointer)s->name);
	g_ptr_array_add(argv, NULL);
	return program_spawn((const char *const *)argv->pdata, s->in, s->out, s->err, err);
}

pid_t service_spawn(struct admin *a, const struct service *s, GError **err)
{
	g_autoptr(GPtrArray) argv = g_ptr_array_new();

	if (s->filter_escapes)
		g_ptr_array_add(argv, (gpointer) "-t");
	if (s->filter_escapes || (s->err == STDERR_FILENO && isatty(STDERR_FILENO)))
		g_ptr_array_add(argv, (gpointer) "-T");
	if (s->prefix) {
		g_ptr_array_add(argv, (gpointer) "-p");
		g_ptr_array_add(argv, (gpointer)s->prefix);
	}
	return admin_is_local(a) ? spawn_local(s, argv, err) : spawn_remote(s, argv, err);
}

int service_input(const char *text, GError **err)
{
	_cleanup_close_ int fd = memfd_create("service-input", MFD_CLOEXEC);

	if (fd >= 0 && io_write_all(fd, text, strlen(text)) == 0 && lseek(fd, 0, SEEK_SET) == 0)
		return steal_fd(&fd);
	g_set_error(err, ADMIN_ERROR, ADMIN_ERROR_COMMUNICATION,
		    "cannot prepare the input of a service: %s", g_strerror(errno));
	return -1;
}

char *service_run(struct admin *a, struct service *s, const char *input, int *ret_code,
		  GError **err)
{
	_cleanup_close_ int in = service_input(input ? input : "", err);
	_cleanup_free_ char *untrusted_out = NULL;
	size_t len = 0;
	int out[2];
	pid_t pid;

	if (in < 0)
		return NULL;
	if (pipe2(out, O_CLOEXEC) < 0) {
		g_set_error(err, ADMIN_ERROR, ADMIN_ERROR_COMMUNICATION,
			    "cannot prepare a call of %s: %s", s->name, g_strerror(errno));
		return NULL;
	}
	s->in = in;
	s->out = out[1];
	pid = service_spawn(a, s, err);
	close(out[1]);
	if (pid > 0) {
		/* Closing the pipe early ends a service that has too much to say. */
		if (io_read_to_end(out[0], OUTPUT_MAX, &untrusted_out, &len) < 0)
			untrusted_out = NULL;
		close(out[0]);
		*ret_code = program_wait(pid);
		return g_strdup(untrusted_out ? untrusted_out : "");
	}
	close(out[0]);
	return NULL;
}

char *service_encode_args(const char *const *argv)
{
	g_autoptr(GString) s = g_string_new(NULL);

	for (guint i = 0; argv[i]; i++) {
		if (i)
			g_string_append_c(s, '+');
		for (const unsigned char *p = (const unsigned char *)argv[i]; *p; p++) {
			if (*p == '-')
				g_string_append(s, "--");
			else if (g_ascii_isalnum(*p) || *p == '_' || *p == '.')
				g_string_append_c(s, (char)*p);
			else
				g_string_append_printf(s, "-%02X", *p);
		}
	}
	return g_string_free(g_steal_pointer(&s), FALSE);
}

char *service_shell_quote(const char *word)
{
	g_auto(GStrv) parts = NULL;
	g_autofree char *inner = NULL;

	if (*word && !word[strspn(word, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
					"0123456789_@%+=:,./-")])
		return g_strdup(word);
	parts = g_strsplit(word, "'", -1);
	inner = g_strjoinv("'\"'\"'", parts);
	return g_strdup_printf("'%s'", inner);
}
