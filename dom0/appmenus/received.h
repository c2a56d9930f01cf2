/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What a qube says of its applications (qubes.GetAppmenus, specs/qubesdb.md, section 3): lines of
 * [PATH/]ID.desktop:KEY=VALUE. The qube is hostile. What comes out is of few and harmless
 * characters: an application can neither look like another qube's nor say anything to a shell or a
 * menu. Pure.
 */
#ifndef QUBES_APPMENUS_RECEIVED_H
#define QUBES_APPMENUS_RECEIVED_H

#include <glib.h>

/* Longer lines are left out whole. */
#define RECEIVED_LINE_MAX 1024
/* More bytes, lines or applications than these are refused altogether. */
#define RECEIVED_BYTES_MAX (16u << 20)
#define RECEIVED_LINES_MAX 100000u
#define RECEIVED_APPS_MAX 4096u
/* Longer ids are left out: they become parts of names of files. */
#define RECEIVED_ID_MAX 128

enum received_key {
	RECEIVED_NAME,
	RECEIVED_GENERIC_NAME,
	RECEIVED_COMMENT,
	RECEIVED_WM_CLASS,
	RECEIVED_CATEGORIES, /* only registered ones, each with a ";" after it */
	RECEIVED_EXEC,
	RECEIVED_ICON,
	RECEIVED_KEYS
};

struct received_app {
	char *id;		     /* owned; [a-zA-Z0-9._-]+, no ".desktop", no leading dot */
	char *values[RECEIVED_KEYS]; /* owned; checked, NULL when there is none */
};

void received_app_free(struct received_app *a);
typedef struct received_app ReceivedApp;
G_DEFINE_AUTOPTR_CLEANUP_FUNC(ReceivedApp, received_app_free)

/* One application in a fixed form, as the process that decodes hands it on (decoder.h). */
struct received_record {
	char id[RECEIVED_ID_MAX + 1];
	char values[RECEIVED_KEYS][RECEIVED_LINE_MAX + 1]; /* NUL-terminated */
	guint8 has[RECEIVED_KEYS];			   /* 1: there is a value, 0: none */
};

void received_pack(const struct received_app *a, struct received_record *ret);

/* What the record says, when it is what received_pack() could have made; else NULL. */
struct received_app *received_unpack(const struct received_record *untrusted);

struct received;

struct received *received_new(void);
void received_free(struct received *r);
typedef struct received Received;
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Received, received_free)

/* Takes the next n bytes. 0, or -E2BIG: over a limit, nothing of it is to be used. */
int received_feed(struct received *r, const void *untrusted_data, gsize n);

/* At the end of the input: struct received_app, sorted by id; belongs to r. */
const GPtrArray *received_end(struct received *r);

#endif
