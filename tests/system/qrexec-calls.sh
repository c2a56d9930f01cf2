#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# What calls of services do, one behaviour after the other (qrexec_calls.py, qrexec_protocol.py).
# $QREXEC_ONLY: only the tests whose names hold that.
here=$(cd "$(dirname "$0")" && pwd)
exec /usr/bin/python3 -B "$here/qrexec_calls.py"
