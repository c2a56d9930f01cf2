// SPDX-License-Identifier: GPL-2.0-or-later
/* From the text that a client or the store gives to a value of a property's type. */
#include "dom0/qubesd/core/names.h"
#include "dom0/qubesd/core/property.h"

#include <arpa/inet.h>
#include <string.h>

static bool not_a(const PropDef *def, const char *type, GError **error)
{
	return fail(error, E_VALUE, "Failed to parse property value as %s, which %s is", type,
		    prop_name(def->id));
}

static bool parse_int(const PropDef *def, const char *text, Value *ret, GError **error)
{
	g_autofree char *s = g_strstrip(g_strdup(text));
	const char *digits = s + (*s == '-' || *s == '+');
	char *end;
	gint64 v;

	if (!*digits || digits[strspn(digits, "0123456789")] || strlen(digits) > 18)
		return not_a(def, "int", error);
	v = g_ascii_strtoll(s, &end, 10);
	*ret = value_int(v);
	return true;
}

static bool parse_bool(const PropDef *def, const char *text, Value *ret, GError **error)
{
	bool b;

	if (!name_parse_bool(text, &b))
		return fail(error, E_VALUE,
			    "Invalid literal for boolean property: '%s': %s is True or False", text,
			    prop_name(def->id));
	*ret = value_bool(b);
	return true;
}

/* Anything that can be typed and that qubes.xml can hold. */
static bool parse_text(const PropDef *def, const char *text, bool from_store, Value *ret,
		       GError **error)
{
	for (const char *p = text; *p && !from_store; p++)
		if (!g_ascii_isprint(*p) && !strchr("\t\n\r", *p))
			return fail(error, E_VALUE, "Value for %s has invalid characters",
				    prop_name(def->id));
	*ret = value_str(text);
	return true;
}

static bool parse_address(const PropDef *def, int family, const char *text, Value *ret,
			  GError **error)
{
	unsigned char raw[sizeof(struct in6_addr)];
	char canonical[INET6_ADDRSTRLEN];

	if (inet_pton(family, text, raw) != 1)
		return not_a(def, family == AF_INET ? "IPv4Address" : "IPv6Address", error);
	*ret = value_str(inet_ntop(family, raw, canonical, sizeof(canonical)));
	return true;
}

static bool parse_uuid(const PropDef *def, const char *text, Value *ret, GError **error)
{
	g_autofree char *s = g_ascii_strdown(text, -1);

	if (!name_is_uuid(s))
		return not_a(def, "UUID", error);
	*ret = value_str(s);
	return true;
}

static bool parse_label(const Holder *h, const char *text, bool from_store, Value *ret,
			GError **error)
{
	g_autofree char *bare = g_strstrip(g_strdup(text));
	Label *l;

	if (from_store && g_str_has_prefix(text, "label-"))
		text += strlen("label-");
	l = app_label(h->app, text);
	if (!l && *bare && !bare[strspn(bare, "0123456789")])
		l = app_label(h->app, bare);
	if (!l)
		return fail(error, E_LABEL_NOT_FOUND, "Label does not exist: %s", text);
	*ret = value_label(l);
	return true;
}

static bool class_allowed(const PropDef *def, VmClass cls)
{
	unsigned allowed = def->vm_classes ? def->vm_classes : CLASSES_LOCAL;

	return allowed & CLASS_BIT(cls);
}

static bool parse_vm(const Holder *h, const PropDef *def, const char *text, Value *ret,
		     GError **error)
{
	Domain *vm;

	if (!*text) {
		if (!(def->flags & PF_ALLOW_NONE))
			return fail(error, E_PROPERTY_VALUE, "%s of %s cannot be empty",
				    prop_name(def->id), holder_name(h));
		*ret = value_none();
		return true;
	}
	if (!name_check_qube(text, error))
		return false;
	vm = app_domain(h->app, text);
	if (!vm)
		return fail(error, E_PROPERTY_VALUE, "Can't set %s to non-existing qube %s",
			    prop_name(def->id), text);
	if (!class_allowed(def, vm->h.cls))
		return fail(error, E_PROPERTY_VALUE, "Can't set %s to %s: it is of class %s%s",
			    prop_name(def->id), text, class_name(vm->h.cls),
			    def->id == P_template || def->id == P_default_template
				    ? ", a TemplateVM is needed"
				    : "");
	*ret = value_vm(vm);
	return true;
}

static bool parse_pool(const Holder *h, const char *text, Value *ret, GError **error)
{
	if (!app_pool(h->app, text))
		return fail(error, E_PROPERTY_VALUE, "No such storage pool: %s (see qvm-pool list)",
			    text);
	*ret = value_str(text);
	return true;
}

bool prop_parse(const Holder *h, const PropDef *def, const char *untrusted_text, bool from_store,
		Value *ret, GError **error)
{
	if (!from_store && !name_is_ascii(untrusted_text))
		return fail(error, E_VALUE, "Non-ASCII bytes in property value of %s",
			    prop_name(def->id));
	switch (def->type) {
	case PT_INT:
		return parse_int(def, untrusted_text, ret, error);
	case PT_BOOL:
		return parse_bool(def, untrusted_text, ret, error);
	case PT_UUID:
		return parse_uuid(def, untrusted_text, ret, error);
	case PT_IP4:
		return parse_address(def, AF_INET, untrusted_text, ret, error);
	case PT_IP6:
		return parse_address(def, AF_INET6, untrusted_text, ret, error);
	case PT_LABEL:
		return parse_label(h, untrusted_text, from_store, ret, error);
	case PT_VM:
		return parse_vm(h, def, untrusted_text, ret, error);
	case PT_POOL:
		return parse_pool(h, untrusted_text, ret, error);
	default:
		return parse_text(def, untrusted_text, from_store, ret, error);
	}
}
