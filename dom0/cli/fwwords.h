/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Firewall rules as people type them: "accept 10.0.0.0/8 tcp 80-90". Pure. */
#ifndef QUBES_CLI_FWWORDS_H
#define QUBES_CLI_FWWORDS_H

#include "dom0/admin/firewall.h"

/*
 * The rule that words describe (NULL-terminated): KEY=VALUE, or the value alone for action,
 * host, protocol and ports in this order. NULL with err set, of the domain ARGS_ERROR when a
 * word is none of that.
 */
struct fw_rule *fw_words_rule(const char *const *words, GError **err);

/* The same of one text, where "comment=" takes all that follows. */
struct fw_rule *fw_words_rule_text(const char *text, GError **err);

#endif
