// SPDX-License-Identifier: GPL-2.0-or-later
/* The command line of qubesd (options.h). It is root's own. */
#include "dom0/qubesd/options.h"

#include "qrexec/base/io.h"

#include <getopt.h>
#include <grp.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static const char usage_text[] =
	"usage: qubesd [--root DIR] [--libvirt URI] [--owner UID:GID]\n"
	"       qubesd [--root DIR] --link-services\n"
	"\n"
	"  --root DIR       put DIR before all paths (default: $QUBES_ROOT)\n"
	"  --libvirt URI    xen:///system, lxc:///, test:///default (default: $QUBES_LIBVIRT_URI,\n"
	"                   else xen:///system)\n"
	"  --owner UID:GID  the desktop user (default: the first member of group qubes)\n"
	"  --link-services  make the Admin API's services in /etc/qubes-rpc, and end\n"
	"  --help           this text\n";

static bool parse_owner(const char *text, Options *opt)
{
	unsigned long uid, gid;
	g_auto(GStrv) part = g_strsplit(text, ":", 2);

	if (!part[0] || !part[1] || io_parse_uint(part[0], 0, 0xfffffffe, &uid) ||
	    io_parse_uint(part[1], 0, 0xfffffffe, &gid))
		return false;
	opt->owner_uid = (unsigned)uid;
	opt->owner_gid = (unsigned)gid;
	return true;
}

/* The first member of group qubes; who started us where there is no such group. */
static void default_owner(Options *opt)
{
	struct group *group = getgrnam("qubes");
	struct passwd *user = group && group->gr_mem[0] ? getpwnam(group->gr_mem[0]) : NULL;

	opt->owner_uid = user ? user->pw_uid : getuid();
	opt->owner_gid = user ? group->gr_gid : getgid();
}

static char *own_folder(void)
{
	g_autofree char *exe = g_file_read_link("/proc/self/exe", NULL);

	return exe ? g_path_get_dirname(exe) : g_strdup("/usr/bin");
}

static char *clean_root(const char *root)
{
	g_autofree char *absolute = NULL;
	char *end;

	if (!root || !*root)
		return g_strdup("");
	absolute = g_canonicalize_filename(root, NULL);
	end = absolute + strlen(absolute);
	while (end > absolute && end[-1] == '/')
		*--end = '\0';
	return g_steal_pointer(&absolute);
}

int options_parse(int argc, char **argv, Options *opt, bool *ret_link)
{
	static const struct option options[] = {
		{"root", required_argument, NULL, 'r'},	 {"libvirt", required_argument, NULL, 'l'},
		{"owner", required_argument, NULL, 'o'}, {"link-services", no_argument, NULL, 's'},
		{"help", no_argument, NULL, 'h'},	 {0}};
	const char *root = getenv("QUBES_ROOT"), *uri = getenv("QUBES_LIBVIRT_URI");
	int c;

	default_owner(opt);
	while ((c = getopt_long(argc, argv, "h", options, NULL)) != -1) {
		if (c == 'r')
			root = optarg;
		else if (c == 'l')
			uri = optarg;
		else if (c == 's')
			*ret_link = true;
		else if (c == 'h')
			return fputs(usage_text, stdout), 1;
		else if (c != 'o' || !parse_owner(optarg, opt))
			return fputs(usage_text, stderr), 3;
	}
	if (optind < argc)
		return fputs(usage_text, stderr), 3;
	opt->root = clean_root(root);
	opt->uri = g_strdup(uri && *uri ? uri : "xen:///system");
	opt->bindir = own_folder();
	opt->test_daemons = getenv("QUBESD_TEST_DAEMONS") != NULL;
	return 0;
}

void options_clear(Options *opt)
{
	g_free(opt->root);
	g_free(opt->uri);
	g_free(opt->bindir);
}
