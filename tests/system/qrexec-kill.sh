#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# kill -9 in the middle of calls (qrexec_kill.py). $QREXEC_KILLS=100: a hundred times as many.
here=$(cd "$(dirname "$0")" && pwd)
exec timeout "$((850 * ${QREXEC_KILLS:-1}))" /usr/bin/python3 -B "$here/qrexec_kill.py"
