/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Jobs of the supervisor: each runs in a process of its own, may wait for the user or
 * for other programs, and reports by its exit status or to the worker. None reads
 * anything from the qube but clipboard data, which it passes on.
 */
#ifndef QUBES_GUID_JOBS_H
#define QUBES_GUID_JOBS_H

#include "guid/daemon/ipc.h"
#include "guid/daemon/options.h"

/* These never return; they are called in a fresh child. */

/* Asks "Terminate or Ignore?": exit status 0 ignore, 10 terminate, else failure. */
#define JOB_TERMINATE 10
_Noreturn void job_ask(const struct guid_options *o, const char *what);
_Noreturn void job_error(const struct guid_options *o, const char *text);
_Noreturn void job_notify(const struct guid_options *o, const char *text);
_Noreturn void job_kill(const struct guid_options *o);
_Noreturn void job_copy(const struct guid_options *o, const struct ipc_msg *m, int data_fd);
/* Sends IPC_PASTE_DATA to reply_fd when there is something and the policy allows it. */
_Noreturn void job_paste(const struct guid_options *o, const struct ipc_msg *m, int reply_fd);
/* Clipboard by qrexec: stub domains and Windows. */
_Noreturn void job_fetch(const struct guid_options *o, const struct ipc_msg *m);

/* Runs a program to its end: exit status, 128 and more when it died or did not start. */
int job_run(const char *const *argv, int in_fd, int out_fd, unsigned long max_file);

/* Shows a notification or logs it. In a job. */
void job_show_notification(const struct guid_options *o, const char *text);

/* Asks whether data may go from source to this qube. In a job, blocks. */
bool job_paste_allowed(const struct guid_options *o, const char *source);
/* True when this is dom0 (and not a GUI domain). */
bool job_in_dom0(void);

#endif
