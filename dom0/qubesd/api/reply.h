/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Replies of the Admin API as bytes. specs/admin-api.md section 1. Pure. */
#ifndef QUBESD_API_REPLY_H
#define QUBESD_API_REPLY_H

#include <glib.h>

/* "0" NUL body. body may be NULL. */
GByteArray *reply_ok(const char *body);
/* "2" NUL type NUL NUL message NUL. Clients format the message: '%' is doubled. */
GByteArray *reply_exception(const char *type, const char *message);
/* "1" NUL subject NUL event NUL (key NUL value NUL)* NUL. args: key, value, ..., NULL. */
GByteArray *reply_event(const char *subject, const char *event, const char *const *args);

#endif
