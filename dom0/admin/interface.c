/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the interface codes of devices mean (device.h): a table of categories for people,
 * and the class lists of pci.ids and usb.ids. The codes were said by a qube; the ids files
 * are the system's.
 */
#include <string.h>

#include "dom0/admin/device.h"

#define IDS_DIR "/usr/share/hwdata"

/* Patterns in the order of preference among equally good ones. */
static const struct {
	const char *pattern, *category;
} categories[] = {
	{"u02****", "Network"},		{"p0703**", "Network"},
	{"p02****", "Network"},		{"ue0****", "Network"},
	{"u03**01", "Keyboard"},	{"p0900**", "Keyboard"},
	{"u03**02", "Mouse"},		{"p0902**", "Mouse"},
	{"u03****", "Input"},		{"p09****", "Input"},
	{"u07****", "Printer"},		{"p0903**", "Camera"},
	{"u06****", "Camera"},		{"u0e****", "Camera"},
	{"m******", "Microphone"},	{"p0403**", "Audio"},
	{"p0401**", "Audio"},		{"p0408**", "Audio"},
	{"u01****", "Audio"},		{"u10****", "Multimedia"},
	{"p03****", "Multimedia"},	{"p04****", "Multimedia"},
	{"u08****", "USB_Storage"},	{"b******", "Block_Storage"},
	{"p01****", "Storage"},		{"ue00101", "Bluetooth"},
	{"p0d11**", "Bluetooth"},	{"u0b****", "Smart_Card_Readers"},
	{"p0300**", "Display"},		{"p0380**", "Display"},
	{"p05****", "Memory"},		{"p06****", "PCI_Bridge"},
	{"p0a****", "Docking_Station"}, {"p0b****", "Processor"},
	{"p40****", "Processor"},	{"p0c****", "PCI_Serial_Bus"},
	{"p0c03**", "PCI_USB"},
};

/* How many characters agree, 0 when one contradicts. */
static int score(const char *pattern, const char *code)
{
	int n = 0;

	for (; *pattern; pattern++, code++) {
		if (*pattern == *code)
			n++;
		else if (*pattern != '*')
			return 0;
	}
	return n;
}

const char *interface_category(const char *code)
{
	const char *best = "Other";
	int best_score = 0;

	for (guint i = 0; strlen(code) == 7 && i < G_N_ELEMENTS(categories); i++) {
		int s = score(categories[i].pattern, code);

		if (s > best_score) {
			best_score = s;
			best = categories[i].category;
		}
	}
	return best;
}

/* Names that say nothing. */
static bool is_empty_name(const char *name)
{
	static const char *const empty[] = {"none",	   "unused",
					    "undefined",   "vendor specific class",
					    "no subclass", "vendor specific subclass"};

	for (guint i = 0; i < G_N_ELEMENTS(empty); i++)
		if (!g_ascii_strcasecmp(name, empty[i]))
			return true;
	return false;
}

/* Lines "C 02  Network", "\t80  Subclass", "\t\t00  Interface"; digits then two spaces. */
static char *name_in_line(const char *line, const char *id)
{
	if (strncmp(line, id, 2) != 0 || line[2] != ' ')
		return NULL;
	return g_strstrip(g_strdup(line + 3));
}

struct names {
	char *class_name, *subclass, *interface;
};

/* The next line of *text, which is cut there; NULL at its end. */
static char *next_line(char **text)
{
	char *line = *text, *end = line ? strchr(line, '\n') : NULL;

	if (end)
		*end++ = '\0';
	*text = end;
	return line;
}

/* Line by line: these files are long, and this is done for each interface of a device. */
static void look_up(char *text, const char *code, struct names *n)
{
	bool in_class = false, in_sub = false;

	for (const char *l; (l = next_line(&text));) {
		if (g_str_has_prefix(l, "C ")) {
			char *name = n->class_name ? NULL : name_in_line(l + 2, code + 1);

			in_class = name != NULL;
			in_sub = false;
			n->class_name = name ? name : n->class_name;
		} else if (in_class && g_str_has_prefix(l, "\t\t") && in_sub && !n->interface) {
			n->interface = name_in_line(l + 2, code + 5);
		} else if (in_class && *l == '\t' && l[1] != '\t') {
			char *name = n->subclass ? NULL : name_in_line(l + 1, code + 3);

			in_sub = name != NULL;
			n->subclass = name ? name : n->subclass;
		} else if (*l && *l != '\t' && *l != '#') {
			in_class = in_sub = false;
		}
	}
}

char *interface_name(const char *code)
{
	const char *bus = *code == 'p' ? "pci" : *code == 'u' ? "usb" : NULL;
	g_autofree char *path = bus ? g_strconcat(IDS_DIR "/", bus, ".ids", NULL) : NULL;
	g_autofree char *text = NULL;
	g_autofree char *upper = bus ? g_ascii_strup(bus, -1) : NULL;
	struct names n = {0};
	char *result;

	if (*code == 'b')
		return g_strdup("Block Device");
	if (*code == 'm')
		return g_strdup("Microphone");
	if (!bus || strlen(code) != 7)
		return g_strdup(code);
	if (g_file_get_contents(path, &text, NULL, NULL))
		look_up(text, code, &n);
	result = n.subclass && !is_empty_name(n.subclass) ? n.subclass
		 : n.interface && !is_empty_name(n.interface)  ? n.interface
		 : n.class_name && !is_empty_name(n.class_name) ? n.class_name
								       : NULL;
	result = result ? g_strdup(result) : g_strconcat(upper, " device", NULL);
	g_free(n.class_name);
	g_free(n.subclass);
	g_free(n.interface);
	return result;
}
