/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Firewall rules as people type them (fwwords.h). */
#include "dom0/cli/fwwords.h"

#include <string.h>
#include <time.h>

#include "dom0/cli/args.h"

static const char *const order[] = {"action", "dsthost", "proto", "dstports", "icmptype"};

/* The key that a bare value stands for: the first one not given yet that still fits. */
static const char *next_key(GPtrArray *pairs)
{
	const char *proto = NULL;

	for (guint i = 0; i < pairs->len; i += 2)
		if (!strcmp(g_ptr_array_index(pairs, i), "proto"))
			proto = g_ptr_array_index(pairs, i + 1);
	for (guint o = 0; o < G_N_ELEMENTS(order); o++) {
		bool given = false;

		for (guint i = 0; i < pairs->len; i += 2)
			given |= !strcmp(g_ptr_array_index(pairs, i), order[o]);
		if (proto && !strcmp(order[o], !strcmp(proto, "icmp") ? "dstports" : "icmptype"))
			given = true;
		if (!given)
			return order[o];
	}
	return NULL;
}

/* Splits a word into key and value, appended to pairs (owned strings). */
static bool add_word(GPtrArray *pairs, const char *word)
{
	g_auto(GStrv) parts = g_strsplit(word, "=", -1);
	guint n = g_strv_length(parts);
	const char *key = n == 2 ? parts[0] : next_key(pairs);

	if (!*word || n > 2 || !key || !*parts[n - 1])
		return false;
	if (!strcmp(key, "dst4") || !strcmp(key, "dst6"))
		key = "dsthost";
	g_ptr_array_add(pairs, g_strdup(key));
	if (!strcmp(key, "expire") && *parts[1] == '+')
		g_ptr_array_add(pairs,
				g_strdup_printf("%" G_GINT64_FORMAT,
						(gint64)time(NULL) +
							g_ascii_strtoll(parts[1] + 1, NULL, 10)));
	else
		g_ptr_array_add(pairs, g_strdup(parts[n - 1]));
	return true;
}

struct fw_rule *fw_words_rule(const char *const *words, GError **err)
{
	static const char known[] =
		"action dsthost proto dstports icmptype specialtarget comment expire";
	g_autoptr(GPtrArray) pairs = g_ptr_array_new_with_free_func(g_free);

	for (; *words; words++) {
		if (!add_word(pairs, *words)) {
			g_set_error(err, ARGS_ERROR, 0, "invalid rule description: %s", *words);
			return NULL;
		}
		const char *key = g_ptr_array_index(pairs, pairs->len - 2);

		if (!word_in(known, key, strlen(key))) {
			g_set_error(err, ARGS_ERROR, 0, "Invalid rule element: %s", *words);
			return NULL;
		}
	}
	g_ptr_array_add(pairs, NULL);
	return fw_rule_new((const char *const *)pairs->pdata, err);
}

struct fw_rule *fw_words_rule_text(const char *text, GError **err)
{
	g_autoptr(GPtrArray) words = g_ptr_array_new_with_free_func(g_free);

	for (text += strspn(text, " "); *text; text += strspn(text, " ")) {
		size_t n = g_str_has_prefix(text, "comment=") ? strlen(text) : strcspn(text, " ");

		g_ptr_array_add(words, g_strndup(text, n));
		text += n;
	}
	g_ptr_array_add(words, NULL);
	return fw_words_rule((const char *const *)words->pdata, err);
}
