// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * qubes-audio-agent: a sound card of this qube, played and recorded in the audio domain
 * (agent.h). docs/man/qubes-audio-agent.1. It holds nothing that the qube's user must not have.
 */
#include <errno.h>
#include <getopt.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "guid/audio/agent/agent.h"
#include "guid/audio/log.h"
#include "qrexec/base/io.h"
#include "qrexec/base/notify.h"

static volatile sig_atomic_t stop;

static void on_signal(int sig)
{
	stop = 1;
}

static const char usage[] =
	"Usage: qubes-audio-agent [-d DOMAIN] [-p PIPE] [-v]\n"
	"Connects this session's sound server to the audio domain.\n"
	"\n"
	"  -d, --audio-domid=N  domain that plays and records (default 0)\n"
	"  -p, --pipe=PATH      pipe of the source, where it is not there yet\n"
	"                       (default: qubes-microphone in $XDG_RUNTIME_DIR)\n"
	"  -v, --verbose        say more on standard error\n"
	"  -h, --help           this text\n";

/* 0: go on; else exit with the value - 1. */
static int parse(int argc, char **argv, struct agent_options *o)
{
	static const struct option longs[] = {{"audio-domid", required_argument, NULL, 'd'},
					      {"pipe", required_argument, NULL, 'p'},
					      {"verbose", no_argument, NULL, 'v'},
					      {"help", no_argument, NULL, 'h'},
					      {0}};
	unsigned long n;
	int c;

	while ((c = getopt_long(argc, argv, "d:p:vh", longs, NULL)) != -1) {
		if (c == 'd' && !io_parse_uint(optarg, 0, VCHAN_DOMID_MAX, &n)) {
			o->domain = (unsigned)n;
		} else if (c == 'p' && optarg[0] == '/' && !strpbrk(optarg, " \t\"'\\")) {
			o->pipe = optarg;
		} else if (c == 'v') {
			o->verbose = true;
		} else if (c == 'h') {
			fputs(usage, stdout);
			return 1;
		} else {
			if (c == 'd')
				fprintf(stderr, "qubes-audio-agent: %s is not a domain number\n",
					optarg);
			if (c == 'p')
				fprintf(stderr, "qubes-audio-agent: %s is not a plain path\n",
					optarg);
			fputs(usage, stderr);
			return 3;
		}
	}
	if (optind < argc) {
		fprintf(stderr, "qubes-audio-agent: unexpected argument %s\n", argv[optind]);
		return 3;
	}
	return 0;
}

static void watch(struct agent *a)
{
	const struct agent_link *l = &a->link;

	if (!l->play)
		return;
	audio_loop_watch(&a->loop, vchan_fd(l->play),
			 (short)(vchan_events(l->play) | (a->out.queue.bytes.len ? POLLOUT : 0)));
	audio_loop_watch(&a->loop, vchan_fd(l->record),
			 (short)(vchan_events(l->record) | (l->commands.len ? POLLOUT : 0)));
}

static void run(struct agent *a)
{
	bool ready = false;

	while (!stop) {
		link_step(a);
		if (pulse_step(&a->pulse, &a->loop)) {
			outgoing_reset(a);
			incoming_reset(a);
			devices_reset(a);
		}
		devices_step(a);
		outgoing_step(a);
		incoming_step(a);
		if (!ready && a->sink.present && a->source.present) {
			ready = true;
			notify_send("READY=1");
		}
		watch(a);
		audio_loop_round(&a->loop);
	}
}

int main(int argc, char **argv)
{
	struct agent_options o = {0};
	struct agent a = {.o = &o, .in = {.fd = -1}};
	int r = parse(argc, argv, &o);

	if (r)
		return r - 1;
	audio_log_set("qubes-audio-agent", NULL, o.verbose);
	r = audio_loop_init(&a.loop, on_signal);
	if (!r)
		r = link_start(&a);
	if (r) {
		audio_log("cannot offer audio to domain %u: %s", o.domain, strerror(-r));
		return 1;
	}
	pulse_init(&a.pulse, &a.loop, "qubes-audio-agent", NULL);
	pulse_want(&a.pulse, true);
	devices_init(&a);
	outgoing_init(&a);
	incoming_init(&a);
	run(&a);
	outgoing_clear(&a);
	incoming_reset(&a);
	devices_remove(&a);
	devices_reset(&a);
	pulse_clear(&a.pulse);
	link_clear(&a);
	audio_loop_clear(&a.loop);
	return 0;
}
