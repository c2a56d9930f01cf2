# SPDX-License-Identifier: GPL-2.0-or-later
SYSTEM_TESTS += tests/system/slice.sh tests/system/services.sh
SYSTEM_TESTS += tests/system/devices.sh
