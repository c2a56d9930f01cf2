/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The content of qubes.xml as plain data: what the parser makes of the bytes, before any
 * of it is believed. Pure; the file could come from a backup or an editor, so everything
 * in it is checked when it is loaded (store-load.c). specs/admin-api.md section 9.
 */
#ifndef QUBESD_CORE_STORE_DOC_H
#define QUBESD_CORE_STORE_DOC_H

#include <glib.h>

#define STORE_SIZE_MAX (32u << 20)

typedef struct {
	char *name, *value; /* owned; value may be "" */
} DocPair;

typedef struct {
	int index; /* -1: none given */
	char *color, *name;
} DocLabel;

typedef struct {
	char *devclass;
	GHashTable *attrs;  /* of <device> */
	GPtrArray *options; /* DocPair* */
} DocDevice;

typedef struct {
	char *id, *cls;
	GPtrArray *properties; /* DocPair* */
	GPtrArray *features;   /* DocPair* */
	GPtrArray *tags;       /* char* */
	GPtrArray *devices;    /* DocDevice* */
	GPtrArray *volumes;    /* GHashTable*: attributes of <volume> */
} DocDomain;

typedef struct {
	GPtrArray *labels;     /* DocLabel* */
	GPtrArray *pools;      /* GHashTable*: attributes of <pool> */
	GPtrArray *properties; /* DocPair* */
	GPtrArray *domains;    /* DocDomain* */
} StoreDoc;

typedef enum { STORE_DAMAGED, STORE_UNKNOWN, STORE_IO } StoreDocError;
#define STORE_DOC_ERROR (store_doc_error_quark())
GQuark store_doc_error_quark(void);

/* NULL with STORE_DAMAGED when this is not a whole qubes.xml. */
StoreDoc *store_doc_parse(const char *untrusted_xml, size_t len, GError **error);
void store_doc_free(StoreDoc *doc);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(StoreDoc, store_doc_free)

DocDevice *doc_device_new(const char *devclass);
void doc_device_free(gpointer device);
DocPair *doc_pair_new(const char *name, const char *value);
void doc_pair_free(gpointer pair);

#endif
