#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""screen.py MONITOR RRGGBB: asks QEMU for a picture of the machine's screen and looks for a
rectangle of four lines in that colour, as the frame of a window is. Exit status 0 if there is one."""
import json
import os
import socket
import sys
import tempfile

LONG = 60  # pixels: shorter runs of the colour are no side of a frame


def screendump(monitor, path):
    sock = socket.socket(socket.AF_UNIX)
    sock.settimeout(60)
    sock.connect(monitor)
    stream = sock.makefile("rw")
    stream.readline()
    for command in (
        {"execute": "qmp_capabilities"},
        {"execute": "screendump", "arguments": {"filename": path}},
    ):
        stream.write(json.dumps(command) + "\n")
        stream.flush()
        while True:
            answer = json.loads(stream.readline())
            if "error" in answer:
                raise SystemExit(answer["error"]["desc"])
            if "return" in answer:
                break


def read_ppm(path):
    data = open(path, "rb").read()
    magic, width, height, depth = data.split(None, 4)[:4]
    assert magic == b"P6" and depth == b"255", "not the kind of picture that QEMU makes"
    pixels = data[-int(width) * int(height) * 3:]
    return int(width), int(height), pixels


def sides(width, height, pixels, colour):
    """Long horizontal runs of the colour: (row, first, last)."""
    found = []
    for y in range(height):
        row = pixels[y * width * 3:(y + 1) * width * 3]
        at = row.find(colour * LONG)
        if at < 0 or at % 3:
            continue
        end = at
        while row[end:end + 3] == colour:
            end += 3
        found.append((y, at // 3, end // 3 - 1))
    return found


def is_framed(width, pixels, top, bottom, left, right, colour):
    for y in range(top, bottom):
        for x in (left, right):
            at = (y * width + x) * 3
            if pixels[at:at + 3] != colour:
                return False
    return True


def main():
    colour = bytes.fromhex(sys.argv[2])
    with tempfile.TemporaryDirectory() as folder:
        path = os.path.join(folder, "screen.ppm")
        screendump(sys.argv[1], path)
        width, height, pixels = read_ppm(path)
    lines = sides(width, height, pixels, colour)
    for top, left, right in lines:
        for bottom, left2, right2 in lines:
            if (bottom > top + 20 and (left, right) == (left2, right2)
                    and is_framed(width, pixels, top, bottom, left, right, colour)):
                return 0
    print(f"{width}x{height}: {len(lines)} lines of the colour, no frame of them")
    return 1


sys.exit(main())
