/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The atoms that the agent uses, interned in one round trip. */
#ifndef QUBES_GUID_AGENT_ATOMS_H
#define QUBES_GUID_AGENT_ATOMS_H

#define ATOMS(A)                                                                                   \
	A(WM_PROTOCOLS)                                                                            \
	A(WM_DELETE_WINDOW)                                                                        \
	A(WM_TAKE_FOCUS)                                                                           \
	A(WM_STATE)                                                                                \
	A(WM_CHANGE_STATE)                                                                         \
	A(WM_S0)                                                                                   \
	A(UTF8_STRING)                                                                             \
	A(TEXT)                                                                                    \
	A(TARGETS)                                                                                 \
	A(TIMESTAMP)                                                                               \
	A(INCR)                                                                                    \
	A(CLIPBOARD)                                                                               \
	A(QUBES_SELECTION)                                                                         \
	A(_NET_SUPPORTED)                                                                          \
	A(_NET_SUPPORTING_WM_CHECK)                                                                \
	A(_NET_ACTIVE_WINDOW)                                                                      \
	A(_NET_CLOSE_WINDOW)                                                                       \
	A(_NET_WM_MOVERESIZE)                                                                      \
	A(_NET_WM_NAME)                                                                            \
	A(_NET_WM_STATE)                                                                           \
	A(_NET_WM_STATE_FULLSCREEN)                                                                \
	A(_NET_WM_STATE_DEMANDS_ATTENTION)                                                         \
	A(_NET_WM_STATE_HIDDEN)                                                                    \
	A(_XKB_RULES_NAMES)                                                                        \
	A(_XSETTINGS_S0)                                                                           \
	A(_XSETTINGS_SETTINGS)                                                                     \
	A(MANAGER)                                                                                 \
	A(WIDTH_MM)                                                                                \
	A(HEIGHT_MM)                                                                               \
	A(_NET_SYSTEM_TRAY_S0)                                                                     \
	A(_NET_SYSTEM_TRAY_OPCODE)                                                                 \
	A(_NET_SYSTEM_TRAY_ORIENTATION)                                                            \
	A(_NET_SYSTEM_TRAY_VISUAL)                                                                 \
	A(_XEMBED)

/* Atoms whose names are not identifiers. */
#define ATOMS_OTHER(A)                                                                             \
	A(TEXT_UTF8, "text/plain;charset=utf-8")                                                   \
	A(TEXT_PLAIN, "text/plain")

enum atom_index {
#define ATOM_ENUM(name) A_##name,
#define ATOM_ENUM_OTHER(name, text) A_##name,
	ATOMS(ATOM_ENUM) ATOMS_OTHER(ATOM_ENUM_OTHER)
#undef ATOM_ENUM
#undef ATOM_ENUM_OTHER
		ATOM_COUNT
};

#endif
