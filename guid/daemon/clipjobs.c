/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Clipboard jobs (jobs.h; specs/gui.md section 8): the files, the policy and the qrexec
 * services. Data in a copy come from the qube, are bounded, and are not looked at.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "guid/clipboard/files.h"
#include "guid/daemon/jobs.h"
#include "guid/daemon/log.h"
#include "guid/proto/gui-proto.h"
#include "qrexec/base/cleanup.h"
#include "qrexec/base/io.h"

static struct clip_metadata metadata(const struct guid_options *o, const struct ipc_msg *m)
{
	struct clip_metadata d = {
		.xevent_timestamp = m->time,
		.sent_size = m->sent,
		.buffer_size = o->max_clipboard,
		.protocol_version_xside = GUI_VERSION_CURRENT,
		.protocol_version_vmside = m->version,
	};

	memcpy(d.vmname, o->name, sizeof(d.vmname));
	return d;
}

/* Takes the lock and makes sure that nothing happened since this operation began. */
static int begin(uint32_t time, const char *what)
{
	int lock = clip_lock();

	if (lock < 0) {
		log_error("%s: cannot lock the clipboard: %s", what, strerror(-lock));
		_exit(1);
	}
	if (!clip_later(time, clip_last_time())) {
		log_info("%s: the clipboard was used meanwhile, nothing done", what);
		_exit(0);
	}
	return lock;
}

static int store(const struct guid_options *o, const struct clip_metadata *d, int data_fd)
{
	_cleanup_free_ char *data = NULL;
	size_t n;
	int r;

	if (data_fd < 0 || lseek(data_fd, 0, SEEK_SET) < 0)
		return -EIO;
	r = io_read_to_end(data_fd, o->max_clipboard, &data, &n);
	return r ? r : clip_store(data, n, d);
}

void job_copy(const struct guid_options *o, const struct ipc_msg *m, int data_fd)
{
	struct clip_metadata d = metadata(o, m);
	int r;

	d.copy_action = true;
	d.oversized_request = m->flags & IPC_OVERSIZED;
	d.successful = !d.oversized_request;
	begin(m->time, "copy");
	r = m->flags & (IPC_OVERSIZED | IPC_EMPTY) ? clip_wipe(&d) : store(o, &d, data_fd);
	if (r) {
		char text[128];

		snprintf(text, sizeof(text), "Copy from %s failed: cannot write the clipboard: %s",
			 o->name, strerror(-r));
		job_show_notification(o, text);
		_exit(1);
	}
	log_info("copy: %u bytes%s", m->sent, d.oversized_request ? ", more than allowed" : "");
	_exit(0);
}

/* Moves the clipboard's data to the worker: *ret_len bytes. 0 or -errno. */
static int send_data(const struct ipc_msg *m, int reply_fd, size_t *ret_len)
{
	_cleanup_close_ int in = clip_open_data(), out = -1;
	_cleanup_free_ char *data = NULL;
	struct ipc_msg reply = {.kind = IPC_PASTE_DATA, .window = m->window};
	size_t n;
	int r;

	if (in < 0)
		return in;
	r = io_read_to_end(in, GUI_MAX_CLIPBOARD, &data, &n);
	if (r)
		return r;
	*ret_len = n;
	if (!n)
		return 0;
	out = memfd_create("clipboard", MFD_CLOEXEC);
	if (out < 0)
		return -errno;
	r = io_write_all(out, data, n);
	if (r)
		return r;
	reply.sent = (uint32_t)n;
	return ipc_send(reply_fd, &reply, out);
}

static int run_service(const struct guid_options *o, const char *service, int in, int out,
		       unsigned long max)
{
	char domid[16], command[64];
	const char *dom0[] = {"qrexec-client", "-T", "-d", domid, command, NULL};
	const char *gui_domain[] = {"qrexec-client-vm", "-T", "--", o->name, service, NULL};

	snprintf(domid, sizeof(domid), "%u", o->target_domid);
	snprintf(command, sizeof(command), "DEFAULT:QUBESRPC %s dom0", service);
	return job_run(job_in_dom0() ? dom0 : gui_domain, in, out, max);
}

static int paste_by_service(const struct guid_options *o, size_t *ret_len)
{
	_cleanup_close_ int in = clip_open_data(), null = open("/dev/null", O_WRONLY | O_CLOEXEC);
	struct stat st;

	if (in < 0)
		return in;
	if (fstat(in, &st) < 0)
		return -errno;
	*ret_len = (size_t)st.st_size;
	return run_service(o, "qubes.ClipboardPaste", in, null, 0) ? -EIO : 0;
}

void job_paste(const struct guid_options *o, const struct ipc_msg *m, int reply_fd)
{
	struct clip_metadata d = metadata(o, m);
	char source[CLIP_NAME_MAX + 1], text[160];
	size_t n = 0;
	int r;

	begin(m->time, "paste");
	r = clip_source(source);
	if (r || !source[0]) {
		log_info("paste: the clipboard is empty");
		_exit(0);
	}
	if (!job_paste_allowed(o, source)) {
		snprintf(text, sizeof(text), "Pasting from %s to %s is denied by policy", source,
			 o->name);
		job_show_notification(o, text);
		_exit(0);
	}
	r = o->qrexec_clipboard ? paste_by_service(o, &n) : send_data(m, reply_fd, &n);
	d.paste_action = true;
	d.qrexec_clipboard = o->qrexec_clipboard;
	d.successful = !r;
	d.sent_size = (uint32_t)n;
	if (r)
		log_error("paste: %s", strerror(-r));
	r = clip_wipe(&d);
	log_info("paste: %zu bytes from %s", n, source);
	_exit(r ? 1 : 0);
}

void job_fetch(const struct guid_options *o, const struct ipc_msg *m)
{
	struct clip_metadata d = metadata(o, m);
	_cleanup_close_ int null = open("/dev/null", O_RDONLY | O_CLOEXEC), out = -1;
	struct stat st = {0};
	int r;

	begin(m->time, "copy");
	out = clip_create_data();
	r = out < 0 ? out : run_service(o, "qubes.ClipboardCopy", null, out, o->max_clipboard);
	d.copy_action = d.qrexec_clipboard = true;
	d.successful = !r;
	if (out >= 0 && !fstat(out, &st))
		d.sent_size = (uint32_t)st.st_size;
	_exit(r ? clip_wipe(&d), 1 : clip_filled(&d) != 0);
}
