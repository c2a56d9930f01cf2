/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Key sequences (keyseq.h). Pure; the text is dom0's configuration. Knows the keysyms that
 * can reasonably be chosen: Latin-1, function, cursor and editing keys; others by number
 * (0x...).
 */
#include "guid/daemon/keyseq.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "qrexec/base/cleanup.h"

static const struct {
	const char *name;
	uint32_t keysym;
} names[] = {
	{"space", 0x20},
	{"exclam", 0x21},
	{"quotedbl", 0x22},
	{"numbersign", 0x23},
	{"dollar", 0x24},
	{"percent", 0x25},
	{"ampersand", 0x26},
	{"apostrophe", 0x27},
	{"parenleft", 0x28},
	{"parenright", 0x29},
	{"asterisk", 0x2a},
	{"plus", 0x2b},
	{"comma", 0x2c},
	{"minus", 0x2d},
	{"period", 0x2e},
	{"slash", 0x2f},
	{"colon", 0x3a},
	{"semicolon", 0x3b},
	{"less", 0x3c},
	{"equal", 0x3d},
	{"greater", 0x3e},
	{"question", 0x3f},
	{"at", 0x40},
	{"bracketleft", 0x5b},
	{"backslash", 0x5c},
	{"bracketright", 0x5d},
	{"asciicircum", 0x5e},
	{"underscore", 0x5f},
	{"grave", 0x60},
	{"braceleft", 0x7b},
	{"bar", 0x7c},
	{"braceright", 0x7d},
	{"asciitilde", 0x7e},
	{"section", 0xa7},
	{"degree", 0xb0},
	{"acute", 0xb4},
	{"adiaeresis", 0xe4},
	{"odiaeresis", 0xf6},
	{"udiaeresis", 0xfc},
	{"ssharp", 0xdf},
	{"BackSpace", 0xff08},
	{"Tab", 0xff09},
	{"Linefeed", 0xff0a},
	{"Clear", 0xff0b},
	{"Return", 0xff0d},
	{"Pause", 0xff13},
	{"Scroll_Lock", 0xff14},
	{"Sys_Req", 0xff15},
	{"Escape", 0xff1b},
	{"Delete", 0xffff},
	{"Multi_key", 0xff20},
	{"Home", 0xff50},
	{"Left", 0xff51},
	{"Up", 0xff52},
	{"Right", 0xff53},
	{"Down", 0xff54},
	{"Prior", 0xff55},
	{"Page_Up", 0xff55},
	{"Next", 0xff56},
	{"Page_Down", 0xff56},
	{"End", 0xff57},
	{"Begin", 0xff58},
	{"Select", 0xff60},
	{"Print", 0xff61},
	{"Execute", 0xff62},
	{"Insert", 0xff63},
	{"Undo", 0xff65},
	{"Redo", 0xff66},
	{"Menu", 0xff67},
	{"Find", 0xff68},
	{"Cancel", 0xff69},
	{"Help", 0xff6a},
	{"Break", 0xff6b},
	{"Num_Lock", 0xff7f},
	{"KP_Enter", 0xff8d},
	{"KP_Home", 0xff95},
	{"KP_Left", 0xff96},
	{"KP_Up", 0xff97},
	{"KP_Right", 0xff98},
	{"KP_Down", 0xff99},
	{"KP_Page_Up", 0xff9a},
	{"KP_Page_Down", 0xff9b},
	{"KP_End", 0xff9c},
	{"KP_Begin", 0xff9d},
	{"KP_Insert", 0xff9e},
	{"KP_Delete", 0xff9f},
	{"KP_Multiply", 0xffaa},
	{"KP_Add", 0xffab},
	{"KP_Separator", 0xffac},
	{"KP_Subtract", 0xffad},
	{"KP_Decimal", 0xffae},
	{"KP_Divide", 0xffaf},
	{"KP_0", 0xffb0},
	{"KP_1", 0xffb1},
	{"KP_2", 0xffb2},
	{"KP_3", 0xffb3},
	{"KP_4", 0xffb4},
	{"KP_5", 0xffb5},
	{"KP_6", 0xffb6},
	{"KP_7", 0xffb7},
	{"KP_8", 0xffb8},
	{"KP_9", 0xffb9},
	{"KP_Equal", 0xffbd},
	{"Caps_Lock", 0xffe5},
	{"Super_L", 0xffeb},
	{"Super_R", 0xffec},
	{"Hyper_L", 0xffed},
	{"Hyper_R", 0xffee},
	{"XF86Copy", 0x1008ff57},
	{"XF86Cut", 0x1008ff58},
	{"XF86Paste", 0x1008ff6d},
};

static const struct {
	const char *prefix;
	uint32_t mask;
} modifiers[] = {
	{"Shift-", KEYSEQ_SHIFT}, {"Ctrl-", KEYSEQ_CONTROL}, {"Alt-", KEYSEQ_MOD1},
	{"Mod1-", KEYSEQ_MOD1},	  {"Mod2-", KEYSEQ_MOD2},    {"Mod3-", KEYSEQ_MOD3},
	{"Mod4-", KEYSEQ_MOD4},
};

static uint32_t numbered(const char *name)
{
	unsigned long n;
	char *end;

	if (name[0] == 'F' && name[1] >= '1' && name[1] <= '9') {
		n = strtoul(name + 1, &end, 10);
		return !*end && n <= 35 ? 0xffbe + (uint32_t)n - 1 : 0;
	}
	if (name[0] == '0' && (name[1] == 'x' || name[1] == 'X') && name[2]) {
		n = strtoul(name, &end, 16);
		return !*end && n <= 0x1fffffff ? (uint32_t)n : 0;
	}
	return 0;
}

uint32_t keyseq_keysym(const char *name)
{
	unsigned char c = (unsigned char)name[0];

	/* Letters and digits are their own names. */
	if (c && !name[1] &&
	    ((c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z')))
		return c;
	for (size_t i = 0; i < ARRAY_LEN(names); i++)
		if (!strcmp(names[i].name, name))
			return names[i].keysym;
	return numbered(name);
}

int keyseq_parse(const char *text, struct keyseq *ret)
{
	struct keyseq k = {0};
	size_t i = 0;

	if (!strcasecmp(text, "none") || !strcasecmp(text, "disable")) {
		*ret = k;
		return 0;
	}
	while (i < ARRAY_LEN(modifiers)) {
		size_t n = strlen(modifiers[i].prefix);

		if (strncasecmp(text, modifiers[i].prefix, n)) {
			i++;
			continue;
		}
		k.modifiers |= modifiers[i].mask;
		text += n;
		i = 0;
	}
	k.keysym = keyseq_keysym(text);
	if (!k.keysym)
		return -EINVAL;
	*ret = k;
	return 0;
}
