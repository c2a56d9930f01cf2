// SPDX-License-Identifier: GPL-2.0-or-later
/* Parser of qubes.xml. Pure: bytes in, plain data out. */
#include "dom0/qubesd/core/store-doc.h"

#include <libxml/parser.h>
#include <libxml/tree.h>
#include <string.h>

G_DEFINE_QUARK(store - doc - error, store_doc_error)
G_DEFINE_AUTOPTR_CLEANUP_FUNC(xmlDoc, xmlFreeDoc)

#define for_each_child(n, parent, tag)                                                             \
	for (xmlNode *n = first_named((parent) ? (parent)->children : NULL, tag); n;               \
	     n = first_named(n->next, tag))

DocPair *doc_pair_new(const char *name, const char *value)
{
	DocPair *p = g_new0(DocPair, 1);

	p->name = g_strdup(name);
	p->value = g_strdup(value);
	return p;
}

void doc_pair_free(gpointer pair)
{
	DocPair *p = pair;

	g_free(p->name);
	g_free(p->value);
	g_free(p);
}

DocDevice *doc_device_new(const char *devclass)
{
	DocDevice *d = g_new0(DocDevice, 1);

	d->devclass = g_strdup(devclass);
	d->attrs = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);
	d->options = g_ptr_array_new_with_free_func(doc_pair_free);
	return d;
}

void doc_device_free(gpointer device)
{
	DocDevice *d = device;

	g_free(d->devclass);
	g_hash_table_unref(d->attrs);
	g_ptr_array_unref(d->options);
	g_free(d);
}

static void label_free(gpointer label)
{
	DocLabel *l = label;

	g_free(l->color);
	g_free(l->name);
	g_free(l);
}

static void domain_free(gpointer domain)
{
	DocDomain *d = domain;

	g_free(d->id);
	g_free(d->cls);
	g_ptr_array_unref(d->properties);
	g_ptr_array_unref(d->features);
	g_ptr_array_unref(d->tags);
	g_ptr_array_unref(d->devices);
	g_ptr_array_unref(d->volumes);
	g_free(d);
}

void store_doc_free(StoreDoc *doc)
{
	if (!doc)
		return;
	g_ptr_array_unref(doc->labels);
	g_ptr_array_unref(doc->pools);
	g_ptr_array_unref(doc->properties);
	g_ptr_array_unref(doc->domains);
	g_free(doc);
}

static xmlNode *first_named(xmlNode *n, const char *tag)
{
	for (; n; n = n->next)
		if (n->type == XML_ELEMENT_NODE && !strcmp((const char *)n->name, tag))
			return n;
	return NULL;
}

static xmlNode *child(xmlNode *parent, const char *tag)
{
	return first_named(parent->children, tag);
}

/* g_free; NULL when it is not there. */
static char *attr(xmlNode *n, const char *name)
{
	xmlChar *raw = xmlGetNoNsProp(n, (const xmlChar *)name);
	char *copy = g_strdup((char *)raw);

	xmlFree(raw);
	return copy;
}

/* Never NULL. */
static char *text(xmlNode *n)
{
	xmlChar *raw = xmlNodeGetContent(n);
	char *copy = g_strdup(raw ? (char *)raw : "");

	xmlFree(raw);
	return copy;
}

static GHashTable *attrs(xmlNode *n)
{
	GHashTable *t = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);

	for (xmlAttr *a = n->properties; a; a = a->next)
		g_hash_table_insert(t, g_strdup((const char *)a->name),
				    attr(n, (const char *)a->name));
	return t;
}

static void take_pair(GPtrArray *to, xmlNode *n)
{
	g_autofree char *name = attr(n, "name"), *ref = attr(n, "ref"), *content = text(n);

	if (name)
		g_ptr_array_add(to, doc_pair_new(name, ref && *ref ? ref : content));
}

static GPtrArray *pairs(xmlNode *group, const char *tag)
{
	GPtrArray *list = g_ptr_array_new_with_free_func(doc_pair_free);

	for_each_child(n, group, tag) take_pair(list, n);
	return list;
}

static void take_devices(DocDomain *d, xmlNode *group)
{
	g_autofree char *devclass = attr(group, "class");

	if (!devclass)
		return;
	for_each_child(n, group, "device")
	{
		DocDevice *dev = doc_device_new(devclass);

		g_hash_table_unref(dev->attrs);
		dev->attrs = attrs(n);
		g_ptr_array_unref(dev->options);
		dev->options = pairs(n, "option");
		g_ptr_array_add(d->devices, dev);
	}
}

static DocDomain *take_domain(xmlNode *n)
{
	DocDomain *d = g_new0(DocDomain, 1);

	d->id = attr(n, "id");
	d->cls = attr(n, "class");
	d->properties = pairs(child(n, "properties"), "property");
	d->features = pairs(child(n, "features"), "feature");
	d->tags = g_ptr_array_new_with_free_func(g_free);
	for_each_child(t, child(n, "tags"), "tag")
	{
		char *name = attr(t, "name");

		if (name)
			g_ptr_array_add(d->tags, name);
	}
	d->devices = g_ptr_array_new_with_free_func(doc_device_free);
	for_each_child(group, n, "devices") take_devices(d, group);
	d->volumes = g_ptr_array_new_with_free_func((GDestroyNotify)g_hash_table_unref);
	for_each_child(v, child(n, "volume-config"), "volume")
		g_ptr_array_add(d->volumes, attrs(v));
	return d;
}

static DocLabel *take_label(xmlNode *n)
{
	DocLabel *l = g_new0(DocLabel, 1);
	g_autofree char *id = attr(n, "id");

	l->index =
		id && g_str_has_prefix(id, "label-") ? (int)g_ascii_strtoll(id + 6, NULL, 10) : -1;
	l->color = attr(n, "color");
	l->name = text(n);
	return l;
}

static StoreDoc *take_doc(xmlNode *root)
{
	StoreDoc *doc = g_new0(StoreDoc, 1);

	doc->labels = g_ptr_array_new_with_free_func(label_free);
	for_each_child(n, child(root, "labels"), "label")
		g_ptr_array_add(doc->labels, take_label(n));
	doc->pools = g_ptr_array_new_with_free_func((GDestroyNotify)g_hash_table_unref);
	for_each_child(n, child(root, "pools"), "pool") g_ptr_array_add(doc->pools, attrs(n));
	doc->properties = pairs(child(root, "properties"), "property");
	doc->domains = g_ptr_array_new_with_free_func(domain_free);
	for_each_child(n, child(root, "domains"), "domain")
		g_ptr_array_add(doc->domains, take_domain(n));
	return doc;
}

StoreDoc *store_doc_parse(const char *untrusted_xml, size_t len, GError **error)
{
	g_autoptr(xmlDoc) xml = NULL;
	xmlNode *root;

	if (len && len <= STORE_SIZE_MAX)
		xml = xmlReadMemory(untrusted_xml, (int)len, "qubes.xml", NULL,
				    XML_PARSE_NONET | XML_PARSE_NOERROR | XML_PARSE_NOWARNING |
					    XML_PARSE_NOCDATA);
	root = xml ? xmlDocGetRootElement(xml) : NULL;
	if (!root || xml->intSubset || strcmp((const char *)root->name, "qubes") ||
	    !child(root, "domains")) {
		g_set_error(error, STORE_DOC_ERROR, STORE_DAMAGED,
			    len > STORE_SIZE_MAX ? "it is too large"
						 : "it is not a whole qubes.xml");
		return NULL;
	}
	return take_doc(root);
}
