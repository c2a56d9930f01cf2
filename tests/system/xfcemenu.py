#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""What Xfce's menu shows: a line FOLDER|NAME|ICON|COMMAND for each entry. Asks libgarcon, of
which Xfce's panel and desktop make their menus."""
import ctypes

garcon = ctypes.CDLL("libgarcon-1.so.0")
glib = ctypes.CDLL("libglib-2.0.so.0")
gobject = ctypes.CDLL("libgobject-2.0.so.0")


class List(ctypes.Structure):
    pass


List._fields_ = [("data", ctypes.c_void_p), ("next", ctypes.POINTER(List)), ("prev", ctypes.c_void_p)]


def function(lib, name, result, *args):
    f = getattr(lib, name)
    f.restype = result
    f.argtypes = args or (ctypes.c_void_p,)
    return f


text = ctypes.c_char_p
elements = function(garcon, "garcon_menu_get_elements", ctypes.POINTER(List))
type_name = function(gobject, "g_type_name_from_instance", text)
name_of = function(garcon, "garcon_menu_element_get_name", text)
icon_of = function(garcon, "garcon_menu_element_get_icon_name", text)
visible = function(garcon, "garcon_menu_element_get_visible", ctypes.c_int)
command_of = function(garcon, "garcon_menu_item_get_command", text)
categories = function(garcon, "garcon_menu_item_has_category", ctypes.c_int, ctypes.c_void_p, text)


def show(menu, folder):
    item = elements(menu)
    while item:
        element = item.contents.data
        kind = type_name(element)
        name = (name_of(element) or b"").decode()
        icon = (icon_of(element) or b"").decode()
        if kind == b"GarconMenu":
            print(f"{folder}|{name}|{icon}|")
            show(element, name)
        elif kind == b"GarconMenuItem" and visible(element):
            print(f"{folder}|{name}|{icon}|{(command_of(element) or b'').decode()}")
        item = item.contents.next


function(garcon, "garcon_set_environment", None, text)(b"XFCE")
menu = function(garcon, "garcon_menu_new_applications", ctypes.c_void_p)(None)
if not function(garcon, "garcon_menu_load", ctypes.c_int, ctypes.c_void_p, ctypes.c_void_p, ctypes.c_void_p)(menu, None, None):
    raise SystemExit("the menu could not be loaded")
show(menu, "")
