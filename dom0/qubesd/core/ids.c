// SPDX-License-Identifier: GPL-2.0-or-later
/* Names of classes and properties. */
#include "dom0/qubesd/core/ids.h"

#include <stddef.h>
#include <string.h>

static const char *const class_names[CLS_N] = {
	[CLS_APP] = "AppVM",	 [CLS_TEMPLATE] = "TemplateVM", [CLS_STANDALONE] = "StandaloneVM",
	[CLS_ADMIN] = "AdminVM", [CLS_DISP] = "DispVM",		[CLS_REMOTE] = "RemoteVM",
};

static const char *const prop_names[P_N] = {
#define X(name) [P_##name] = #name,
	PROP_IDS(X)
#undef X
};

const char *class_name(VmClass cls)
{
	return class_names[cls];
}

bool class_from_name(const char *name, VmClass *ret)
{
	for (int i = 0; i < CLS_GLOBAL; i++) {
		if (!strcmp(name, class_names[i])) {
			*ret = (VmClass)i;
			return true;
		}
	}
	return false;
}

const char *prop_name(PropId id)
{
	return prop_names[id];
}

PropId prop_id(const char *name)
{
	for (int i = 0; i < P_N; i++)
		if (!strcmp(name, prop_names[i]))
			return (PropId)i;
	return P_N;
}
