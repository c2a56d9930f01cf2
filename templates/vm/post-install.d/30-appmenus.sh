#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# The applications of this template for dom0's menus (qubes.PostInstall).
/usr/lib/qubes/qubes-sync-appmenus || true
