/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Loads Xen's libraries (xen-api.h). No peer. */
#include "qrexec/vchan/xen-api.h"

#include <dlfcn.h>
#include <errno.h>
#include <stddef.h>
#include <string.h>

#include "qrexec/base/cleanup.h"

/* Debian and Xen name the file after the Xen release. These are the releases whose
 * struct libxenvchan has the layout of the header we are compiled with (xs_path came in 4.17). */
static const char *const vchan_names[] = {
	"libxenvchan.so.4.17",
	"libxenvchan.so.4.18",
	"libxenvchan.so.4.19",
	"libxenvchan.so.4.20",
};

static const char *const store_names[] = {"libxenstore.so.4", "libxenstore.so.3.0"};

static void *open_first(const char *const *names, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		void *lib = dlopen(names[i], RTLD_NOW | RTLD_LOCAL);

		if (lib)
			return lib;
	}
	return NULL;
}

/* Object and function pointers have one size where dlsym exists; ISO C wants the copy. */
static const char *resolve(void *lib, const char *name, void *slot)
{
	void *p = dlsym(lib, name);

	memcpy(slot, &p, sizeof(p));
	return p ? NULL : name;
}

static const char *resolve_all(struct xen_api *api)
{
	const char *missing = NULL;

#define X(name)                                                                                    \
	if (!missing)                                                                              \
		missing = resolve(api->vchan_lib, #name, &api->name);
	XEN_VCHAN_FUNCTIONS(X)
#undef X
#define X(name)                                                                                    \
	if (!missing)                                                                              \
		missing = resolve(api->store_lib, #name, &api->name);
	XEN_STORE_FUNCTIONS(X)
#undef X
	return missing;
}

int xen_api_load(struct xen_api *ret, const char **ret_missing)
{
	struct xen_api api = {0};
	const char *missing = NULL;

	api.vchan_lib = open_first(vchan_names, ARRAY_LEN(vchan_names));
	api.store_lib = open_first(store_names, ARRAY_LEN(store_names));
	if (!api.vchan_lib)
		missing = "libxenvchan";
	else if (!api.store_lib)
		missing = "libxenstore";
	else
		missing = resolve_all(&api);
	if (missing) {
		xen_api_unload(&api);
		if (ret_missing)
			*ret_missing = missing;
		return -ENOSYS;
	}
	*ret = api;
	return 0;
}

void xen_api_unload(struct xen_api *api)
{
	if (api->vchan_lib)
		dlclose(api->vchan_lib);
	if (api->store_lib)
		dlclose(api->store_lib);
	api->vchan_lib = api->store_lib = NULL;
}
