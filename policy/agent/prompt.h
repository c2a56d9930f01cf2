/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The question to the user: a window. */
#ifndef QUBES_POLICY_PROMPT_H
#define QUBES_POLICY_PROMPT_H

#include "policy/agent/params.h"

/* OK stays insensitive until the window has had the focus for so long, so that nobody
 * confirms what popped up under his fingers. */
#define PROMPT_DELAY_MS 1000

struct prompt;

/*
 * target: what the user chose, NULL when he refused. Called once, from the main loop; the
 * prompt is gone when it returns.
 */
typedef void (*prompt_done)(void *ctx, const char *target);

/* Shows the question. params must live until done is called or the prompt is closed. */
struct prompt *prompt_show(const struct agent_params *params, prompt_done done, void *ctx);

/* Takes the question back: done is not called. */
void prompt_close(struct prompt *p);

#endif
