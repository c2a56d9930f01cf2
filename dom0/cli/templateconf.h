/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What a template's package says about the template. */
#ifndef QUBES_CLI_TEMPLATECONF_H
#define QUBES_CLI_TEMPLATECONF_H

#include "dom0/admin/service.h"
#include "dom0/cli/ctx.h"

/* Stores the package's lists of menu items as features. Lists that are missing are said. */
bool templateconf_menus(struct ctx *c, const char *vm, const char *dir, GError **err);

/* Applies template.conf, as far as what it says is allowed. No such file is fine. */
bool templateconf_apply(struct ctx *c, const char *vm, const char *dir, GError **err);

#endif
