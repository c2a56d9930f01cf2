/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The stage of hypervisor-lxc-check: a libvirtd of its own, qubes made of the tiny image, and what
 * can be seen of them from outside. Where functions check something, that is a line of TAP each.
 */
#ifndef TESTS_HYPERVISOR_LXC_STAGE_H
#define TESTS_HYPERVISOR_LXC_STAGE_H

#include <stdbool.h>
#include <sys/types.h>

#include "dom0/qubesd/hypervisor/hypervisor.h"

#define MIB (1024 * 1024)
#define WAIT_MS 120000

typedef struct {
	const char *root, *tree;
	Hypervisor *hv;
	GPid libvirtd;
	GString *events; /* "event:last-digit-of-uuid " */
	int n, failed;
} Test;

/* A container of the test: number i is named qube<i>. */
typedef struct {
	int i, xid;
	char *name, *uuid;
	char *root_img, *private_img;
} Qube;

/* One line of TAP. */
void check(Test *t, bool ok, const char *format, ...) G_GNUC_PRINTF(3, 4);

/* A step that must succeed; its error is shown. */
#define STEP(t, call, ...)                                                                         \
	do {                                                                                       \
		g_autoptr(GError) error = NULL;                                                    \
		gboolean ok_ = (call);                                                             \
		if (!ok_)                                                                          \
			g_print("# %s\n", error ? error->message : "no error given");              \
		check(t, ok_, __VA_ARGS__);                                                        \
	} while (0)

/* Milliseconds; fewer than there are on a machine that QUBES_TEST_SLOW calls slow. */
gint64 now_ms(void);
/* Lets what has come be handled, and waits a moment. */
void pump(void);
/* What takes so long at most on a machine that has nothing else to do, but for luck. */
int at_most(int ms);
/* Milliseconds until the event came, or -1. */
int wait_event(Test *t, const char *event);
void forget_events(Test *t);
/* Its process is t->libvirtd. */
void start_libvirtd(Test *t);
Hypervisor *connect_to(Test *t);
/* Until it answers. */
bool wait_libvirtd(Test *t);
/* Did the program succeed? */
bool run(const char *const *argv);
void make_sparse(const char *path, off_t size);
/* With a copy of the image and an empty private volume; qube_free removes both. */
Qube *qube_new(Test *t, int i, const char *image);
void qube_free(Qube *q);
/* Paused; q->xid is its number. */
gboolean create(Test *t, Qube *q, GError **error);
HvInfo info_of(Test *t, const Qube *q);
/* The path of a file of its vchan folder; g_free. */
char *vchan_file(Test *t, const Qube *q, const char *name);
bool wait_file(Test *t, const Qube *q, const char *name);
/* To the guest. */
void command(Test *t, const Qube *q, const char *text);
/* A line's value in the guest's report. */
char *reported(Test *t, const Qube *q, const char *key);
void says(Test *t, const Qube *q, const char *key, const char *expect, const char *what);
/* Created, and its init runs: three checks. */
void up(Test *t, Qube *q);
/* Is it not there? */
bool gone(const char *dir, const char *sub);
bool text_mentions(const char *file, const char *needle);
/* Has one of its images a loop device? */
bool loop_of(Test *t, const Qube *q);
/* Nothing of it is left: the images can be committed, the number used again. */
void clean(Test *t, const Qube *q);
/* The oldest process in the container's user namespace; 0: none. */
pid_t first_process(Test *t, const Qube *q);

#endif
