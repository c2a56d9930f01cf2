/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The clipboard between qubes, the worker's part (guid.h; specs/gui.md section 8): the keys, the
 * agent's answers. Files and policy are the supervisor's. The agent is hostile.
 */
#include <sys/mman.h>
#include <unistd.h>

#include "guid/daemon/guid.h"
#include "guid/daemon/log.h"
#include "qrexec/base/cleanup.h"
#include "qrexec/base/io.h"

static void request(struct guid *g, struct ipc_msg *m, int fd)
{
	m->version = g->version;
	if (ipc_send(g->supervisor, m, fd))
		guid_fatal(g, "the supervisor is gone");
}

static void copy(struct guid *g, struct gwin *w, uint32_t time)
{
	struct ipc_msg m = {.kind = IPC_FETCH, .time = time};

	log_info("copy requested");
	if (g->o->qrexec_clipboard) {
		request(g, &m, -1);
		return;
	}
	g->clip_wanted = true;
	g->clip_time = time;
	link_send_empty(g, GUI_MSG_CLIPBOARD_REQ, w->remote);
}

static void paste(struct guid *g, struct gwin *w, uint32_t time)
{
	struct ipc_msg m = {.kind = IPC_PASTE, .time = time, .window = w->remote};

	log_info("paste requested");
	request(g, &m, -1);
}

static bool matches(const xcb_key_press_event_t *e, xcb_keycode_t key, const struct keyseq *seq)
{
	return key && e->detail == key && (e->state & KEYSEQ_MASK) == seq->modifiers;
}

bool clip_key(struct guid *g, struct gwin *w, const xcb_key_press_event_t *e, bool press)
{
	if (!press) {
		/* Also when the modifiers were released first. */
		if (e->detail != g->swallowed)
			return false;
		g->swallowed = 0;
		return true;
	}
	if (matches(e, g->x.copy_key, &g->o->copy))
		copy(g, w, e->time);
	else if (matches(e, g->x.paste_key, &g->o->paste))
		paste(g, w, e->time);
	else
		return false;
	g->swallowed = e->detail;
	return true;
}

void clip_data(struct guid *g, const struct gui_clipboard *untrusted)
{
	struct ipc_msg m = {.kind = IPC_COPY, .time = g->clip_time, .sent = untrusted->len};
	_cleanup_close_ int fd = -1;

	/* Rows 6 and 7; row 8 is the supervisor's, which sees what other qubes did. */
	if (!g->clip_wanted) {
		log_info("clipboard data that nobody asked for: ignored");
		return;
	}
	g->clip_wanted = false;
	if (untrusted->len > g->o->max_clipboard) {
		m.flags = IPC_OVERSIZED;
	} else if (!untrusted->len) {
		m.flags = IPC_EMPTY;
	} else {
		fd = memfd_create("clipboard", MFD_CLOEXEC);
		if (fd < 0 || io_write_all(fd, untrusted->data, untrusted->len)) {
			log_error("copy failed: out of memory");
			return;
		}
	}
	request(g, &m, fd);
}

void clip_paste(struct guid *g, const struct ipc_msg *m, int fd)
{
	struct gui_msg out = {.type = GUI_MSG_CLIPBOARD_DATA, .window = m->window};
	uint32_t max =
		g->version < GUI_VERSION_BIG_CLIPBOARD ? GUI_MAX_CLIPBOARD_OLD : GUI_MAX_CLIPBOARD;
	_cleanup_free_ char *data = NULL;
	size_t n;

	if (fd < 0 || lseek(fd, 0, SEEK_SET) < 0 ||
	    io_read_to_end(fd, GUI_MAX_CLIPBOARD, &data, &n))
		return;
	if (n > max) {
		guid_notify(g, "The clipboard has more than the GUI agent in %s takes (%u bytes).",
			    g->o->name, max);
		return;
	}
	out.u.clipboard.data = (const uint8_t *)data;
	out.u.clipboard.len = (uint32_t)n;
	link_send(g, &out);
}
