/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The policy in force: loaded from its folders, loaded again when a file changes, replaced as a
 * whole. While it cannot be loaded there is no policy, and everything is denied.
 */
#ifndef QUBES_POLICY_STORE_H
#define QUBES_POLICY_STORE_H

#include "policy/engine/load.h"

struct store;

/*
 * Watches and loads. dirs: NULL-terminated, earlier ones shadow later ones. changed is
 * called from the main loop when the policy was loaded anew. NULL when the kernel gives us no
 * inotify instance.
 */
struct store *store_new(const char *const *dirs, const char *compat_dir, void (*changed)(void *ctx),
			void *ctx);
void store_free(struct store *s);

/*
 * False while files are being changed: ask again when changed() is called, a fraction of a
 * second later. Otherwise *ret is a new reference to the policy, or NULL when there is none
 * for the reason in *ret_error (borrowed until the main loop runs).
 */
bool store_policy(struct store *s, struct pol_policy **ret, const struct pol_error **ret_error);

#endif
