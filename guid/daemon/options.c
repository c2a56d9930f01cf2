/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Command line of qubes-guid (options.h). The caller is dom0's session: trusted, checked. */
#include "guid/daemon/options.h"

#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "guid/proto/gui-proto.h"
#include "qrexec/base/cleanup.h"
#include "qrexec/base/io.h"
#include "qrexec/base/paths.h"
#include "qrexec/vchan/vchan.h"

enum {
	OPT_TRAY = 257,
	OPT_SCREENSAVER,
	OPT_CLIPBOARD,
	OPT_OVERRIDE,
	OPT_WM_FRAME,
	OPT_VERSION,
};

static const struct option long_options[] = {
	{"domid", required_argument, NULL, 'd'},
	{"target-domid", required_argument, NULL, 't'},
	{"name", required_argument, NULL, 'N'},
	{"color", required_argument, NULL, 'c'},
	{"label", required_argument, NULL, 'l'},
	{"icon", required_argument, NULL, 'i'},
	{"verbose", no_argument, NULL, 'v'},
	{"quiet", no_argument, NULL, 'q'},
	{"background", no_argument, NULL, 'n'},
	{"foreground", no_argument, NULL, 'f'},
	{"invisible", no_argument, NULL, 'I'},
	{"qrexec-for-clipboard", no_argument, NULL, 'Q'},
	{"kill-on-connect", required_argument, NULL, 'K'},
	{"prop", required_argument, NULL, 'p'},
	{"title-name", no_argument, NULL, 'T'},
	{"config", required_argument, NULL, 'C'},
	{"trayicon-mode", required_argument, NULL, OPT_TRAY},
	{"screensaver-name", required_argument, NULL, OPT_SCREENSAVER},
	{"max-clipboard-size", required_argument, NULL, OPT_CLIPBOARD},
	{"override-redirect", required_argument, NULL, OPT_OVERRIDE},
	{"wm-draws-frame", no_argument, NULL, OPT_WM_FRAME},
	{"version", no_argument, NULL, OPT_VERSION},
	{"help", no_argument, NULL, 'h'},
	{0},
};
static const char short_options[] = "+d:t:N:c:l:i:vqnfIQK:p:TC:h";

static const char help[] =
	"Usage: qubes-guid -d DOMID -N NAME [OPTION...]\n"
	"Shows the windows of one qube on this X display.\n\n"
	"  -d, --domid=N               domain that runs the GUI agent\n"
	"  -t, --target-domid=N        the qube, when -d names its stub domain\n"
	"  -N, --name=NAME             name of the qube\n"
	"  -c, --color=COLOR           colour of the label: a name or 0xRRGGBB (red)\n"
	"  -l, --label=N               index of the label\n"
	"  -i, --icon=ICON             icon's name, or the absolute path of a PNG file\n"
	"  -C, --config=FILE           configuration (/etc/qubes/guid.conf)\n"
	"  -v, --verbose; -q, --quiet  more, less log\n"
	"  -f, --foreground            stay in the foreground, log to standard error\n"
	"  -n, --background            return without waiting for the agent\n"
	"  -I, --invisible             show no windows\n"
	"  -Q, --qrexec-for-clipboard  copy and paste by qrexec services\n"
	"  -K, --kill-on-connect=PID   send SIGUSR1 to PID once connected\n"
	"  -p, --prop=NAME=T:VALUE     property for all windows (T: s text, a atom, c numbers)\n"
	"  -T, --title-name            put the qube's name before titles\n"
	"      --wm-draws-frame        leave the frame of managed windows to the window manager\n"
	"      --trayicon-mode=MODE    bg, border1, border2, tint[+border1|+border2]\n"
	"                              [+saturation50][+whitehack] (tint)\n"
	"      --screensaver-name=NAME keep windows of this class on top (xscreensaver)\n"
	"      --override-redirect=allow|disabled\n"
	"      --max-clipboard-size=BYTES\n"
	"  -h, --help; --version\n";

void options_init(struct guid_options *o)
{
	*o = (struct guid_options){
		.color = "red",
		.log_level = 1,
		.max_clipboard = GUI_DEFAULT_CLIPBOARD,
		.override_redirect = true,
		.override_redirect_protection = true,
		.background = "white",
		.startup_timeout = 45,
		.max_windows = GUID_DEFAULT_WINDOWS,
		.copy = {'c', KEYSEQ_CONTROL | KEYSEQ_SHIFT},
		.paste = {'v', KEYSEQ_CONTROL | KEYSEQ_SHIFT},
	};
}

static int bad(const char *what, const char *value, const char *expected)
{
	fprintf(stderr, "qubes-guid: %s '%s' is not valid: %s\n", what, value, expected);
	return -EINVAL;
}

int options_tray_mode(const char *text, struct tray_mode *ret)
{
	struct tray_mode m = {.style = TRAY_TINT};
	char copy[64], *save = NULL;

	if (!strcmp(text, "bg")) {
		m.style = TRAY_BACKGROUND;
	} else if (!strcmp(text, "border1") || !strcmp(text, "border2")) {
		m.style = TRAY_BORDER;
		m.border = text[6] - '0';
	} else {
		if (strncmp(text, "tint", 4) || (text[4] && text[4] != '+') ||
		    (size_t)snprintf(copy, sizeof(copy), "%s", text + 4) >= sizeof(copy))
			return -EINVAL;
		for (char *t = strtok_r(copy, "+", &save); t; t = strtok_r(NULL, "+", &save)) {
			if (!strcmp(t, "border1") || !strcmp(t, "border2"))
				m.border = t[6] - '0';
			else if (!strcmp(t, "saturation50"))
				m.half_saturation = true;
			else if (!strcmp(t, "whitehack"))
				m.white_hack = true;
			else
				return -EINVAL;
		}
	}
	*ret = m;
	return 0;
}

static int set_domid(unsigned *dst, const char *text)
{
	unsigned long v;

	if (*dst)
		return bad("domain number", text, "it was given before");
	if (io_parse_uint(text, 1, VCHAN_DOMID_MAX, &v))
		return bad("domain number", text, "expected 1 to 32751");
	*dst = (unsigned)v;
	return 0;
}

static bool name_char(char c, bool first)
{
	if ((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'))
		return true;
	return !first && ((c >= '0' && c <= '9') || c == '_' || c == '.' || c == '-');
}

static int set_name(struct guid_options *o, const char *text)
{
	size_t n = strlen(text);
	bool ok = n >= 1 && n <= GUID_NAME_MAX;

	for (size_t i = 0; ok && i < n; i++)
		ok = name_char(text[i], i == 0);
	if (ok && n > 3 && !strcmp(text + n - 3, "-dm"))
		ok = false;
	if (!ok || !strcmp(text, "none") || !strcmp(text, "default") || !strcmp(text, "Domain-0"))
		return bad("name", text,
			   "expected a letter, then up to 30 letters, digits, '_', '.' or '-'");
	memcpy(o->name, text, n + 1);
	return 0;
}

static int set_prop(struct guid_options *o, const char *text)
{
	const char *eq = strchr(text, '=');

	if (o->n_props == GUID_MAX_PROPS)
		return bad("property", text, "at most 10 can be set");
	if (!eq || eq == text || !strchr("sac", eq[1]) || !eq[1] || eq[2] != ':' || !eq[3])
		return bad("property", text, "expected NAME=s:TEXT, NAME=a:ATOM or NAME=c:N,N...");
	o->props[o->n_props++] = text;
	return 0;
}

static int set_screensaver(struct guid_options *o, const char *text)
{
	for (int i = 0; i < GUID_MAX_SCREENSAVERS; i++) {
		if (!o->screensavers[i]) {
			o->screensavers[i] = text;
			return 0;
		}
	}
	return bad("screensaver name", text, "at most 10 can be set");
}

static int set_number(const char *what, const char *text, unsigned long min, unsigned long max,
		      unsigned long *ret)
{
	char range[48];

	if (!io_parse_uint(text, min, max, ret))
		return 0;
	snprintf(range, sizeof(range), "expected %lu to %lu", min, max);
	return bad(what, text, range);
}

static int set_numbered(struct guid_options *o, int opt, const char *arg)
{
	unsigned long v = 0;
	int r;

	switch (opt) {
	case 'l':
		r = set_number("label", arg, 0, 255, &v);
		o->label_index = (uint32_t)v;
		return r;
	case 'K':
		r = set_number("process number", arg, 2, 4194304, &v);
		o->kill_on_connect = (pid_t)v;
		return r;
	default:
		r = set_number("clipboard size", arg, GUI_MIN_CLIPBOARD, GUI_MAX_CLIPBOARD, &v);
		o->max_clipboard = (uint32_t)v;
		return r;
	}
}

static int set_override(struct guid_options *o, const char *arg)
{
	if (strcmp(arg, "allow") && strcmp(arg, "disabled") && strcmp(arg, "disable"))
		return bad("override-redirect", arg, "expected allow or disabled");
	o->override_redirect = !strcmp(arg, "allow");
	return 0;
}

static void set_flag(struct guid_options *o, int opt)
{
	switch (opt) {
	case 'v':
		o->log_level++;
		break;
	case 'q':
		o->log_level -= o->log_level > 0;
		break;
	case 'n':
		o->startup_timeout = 0;
		break;
	case 'f':
		o->foreground = true;
		break;
	case 'I':
		o->invisible = true;
		break;
	case 'Q':
		o->qrexec_clipboard = true;
		break;
	case 'T':
		o->prefix_titles = true;
		break;
	case OPT_WM_FRAME:
		o->wm_draws_frame = true;
		break;
	}
}

static int set_option(struct guid_options *o, int opt, const char *arg)
{
	switch (opt) {
	case 'd':
		return set_domid(&o->domid, arg);
	case 't':
		return set_domid(&o->target_domid, arg);
	case 'N':
		return set_name(o, arg);
	case 'c':
		o->color = arg;
		return 0;
	case 'i':
		o->icon = arg;
		return 0;
	case 'l':
	case 'K':
	case OPT_CLIPBOARD:
		return set_numbered(o, opt, arg);
	case 'p':
		return set_prop(o, arg);
	case OPT_SCREENSAVER:
		return set_screensaver(o, arg);
	case OPT_OVERRIDE:
		return set_override(o, arg);
	case OPT_TRAY:
		if (options_tray_mode(arg, &o->tray))
			return bad("tray icon mode", arg, "see --help");
		return 0;
	case '?':
		fputs("Try 'qubes-guid --help'.\n", stderr);
		return -EINVAL;
	default:
		set_flag(o, opt);
		return 0;
	}
}

static int set_config(struct guid_options *o, const char *path)
{
	size_t n = strlen(path), root = strlen(qubes_root());

	if (strncmp(path, qubes_root(), root))
		root = 0;
	if (n - root > GUID_CONFIG_PATH_MAX || n >= sizeof(o->config))
		return bad("configuration", path, "the path is longer than 63 characters");
	memcpy(o->config, path, n + 1);
	return 0;
}

/* What has to be known before the rest: where the configuration is, or nothing at all. */
static int first_pass(struct guid_options *o, int argc, char **argv)
{
	int opt;

	optind = 1;
	opterr = 0;
	while ((opt = getopt_long(argc, argv, short_options, long_options, NULL)) != -1) {
		if (opt == 'h') {
			fputs(help, stdout);
			return 1;
		}
		if (opt == OPT_VERSION) {
			printf("qubes-guid: GUI daemon, protocol version: %d.%d\n",
			       GUI_VERSION_MAJOR, GUI_VERSION_MINOR);
			return 1;
		}
		if (opt != 'C')
			continue;
		if (set_config(o, optarg))
			return -EINVAL;
	}
	return 0;
}

static int check(struct guid_options *o, int argc, char **argv)
{
	if (optind != argc)
		return bad("argument", argv[optind], "qubes-guid takes options only");
	if (argc > 1 && !strcmp(argv[argc - 1], "--"))
		return bad("argument", "--", "qubes-guid takes options only");
	if (!o->domid || !o->name[0]) {
		fprintf(stderr, "qubes-guid: no %s given; use %s\n",
			o->domid ? "name" : "domain number", o->domid ? "-N NAME" : "-d DOMID");
		return -EINVAL;
	}
	if (!o->target_domid)
		o->target_domid = o->domid;
	if (o->target_domid != o->domid)
		o->qrexec_clipboard = true;
	if (!o->screensavers[0])
		o->screensavers[0] = "xscreensaver";
	if (o->foreground)
		o->kill_on_connect = 0;
	return 0;
}

int options_parse(struct guid_options *o, int argc, char **argv)
{
	char path[QUBES_PATH_MAX];
	int opt, r;

	r = first_pass(o, argc, argv);
	if (r)
		return r;
	if (!o->config[0] && !qubes_path(path, sizeof(path), "/etc/qubes/guid.conf"))
		return bad("QUBES_ROOT", qubes_root(), "the path is too long");
	r = config_load(o, o->config[0] ? o->config : path);
	if (r)
		return r;
	optind = 1;
	opterr = 1;
	while ((opt = getopt_long(argc, argv, short_options, long_options, NULL)) != -1) {
		r = set_option(o, opt, optarg);
		if (r)
			return r;
	}
	return check(o, argc, argv);
}
