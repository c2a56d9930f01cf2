# SPDX-License-Identifier: GPL-2.0-or-later
"""The byte format, and running the programs."""
import os
import shutil
import struct
import subprocess
import threading
import zlib

BIN = os.environ["QUBES_BIN"]
LARGE = bool(os.environ.get("QFILE_LARGE"))
TOP = None  # a temporary folder, removed at the end; set by qfile.py
REG, DIR, LNK, FIFO, BLK, SOCK = 0o100000, 0o040000, 0o120000, 0o010000, 0o060000, 0o140000
EARLY_EOF = 31415926
END = bytes(32)
TIMEOUT = 600

_running = []
_count = 0


def header(namelen, mode, size, nsec=0):
    return struct.pack("<IIQIIII", namelen, mode, size, 1000, nsec, 2000, nsec)


def entry(name, mode, content=b"", size=None, nsec=0, nul=b"\0"):
    """A file, directory or link as it should be, but for what the caller says."""
    name = name.encode() if isinstance(name, str) else name
    size = len(content) if size is None else size
    return header(len(name + nul), mode, size, nsec) + name + nul + content


def verdict(code, crc=0, name=b""):
    return struct.pack("<IIQI", code, 0, crc, len(name)) + name


def crc(data):
    return zlib.crc32(data) & 0xffffffff


def fresh(name):
    """A new folder."""
    global _count
    _count += 1
    path = os.path.join(TOP, "%s.%d" % (name, _count))
    os.mkdir(path)
    return path


def listing(path, but=None):
    """Everything below it: mode, size, time, target by name; without the folder `but`."""
    found = {}
    for folder, dirs, files in os.walk(path):
        dirs[:] = [n for n in dirs if os.path.join(folder, n) != but]
        for n in dirs + files:
            p = os.path.join(folder, n)
            st = os.lstat(p)
            what = os.readlink(p) if os.path.islink(p) else ""
            found[os.path.relpath(p, path)] = (st.st_mode, 0 if n in dirs else st.st_size,
                                               st.st_mtime_ns, what)
    return found


def one_line(text):
    """Exactly one line, fit for a terminal."""
    text = text.decode("utf-8")
    assert text.endswith("\n") and text.count("\n") == 1, "not one line: %r" % text
    assert all(c >= " " and c != "\x7f" for c in text[:-1]), "control characters: %r" % text
    return text[:-1]


def feed(chunks, pipe):
    try:
        for c in chunks:
            pipe.write(c)
        pipe.close()
    except OSError:
        try:
            pipe.close()
        except OSError:
            pass


def receive(chunks, *args, home=None, caller="evil", env=()):
    """Runs the receiver on bytes, or an iterable of them. (status, code, crc, name, stderr)"""
    e = dict(os.environ, HOME=home, QREXEC_REMOTE_DOMAIN=caller, **dict(env))
    p = subprocess.Popen([os.path.join(BIN, "qfile-unpacker"), *args], env=e, cwd="/",
                         stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    t = threading.Thread(target=feed, args=([chunks] if isinstance(chunks, bytes) else chunks, p.stdin),
                         daemon=True)
    p_in, p.stdin = p.stdin, None
    t.start()
    try:
        out, err = p.communicate(timeout=TIMEOUT)
    except subprocess.TimeoutExpired:
        p.kill()
        raise
    t.join(10)
    del p_in
    if len(out) < 16:
        return p.returncode, None, None, b"", err
    code, _, sum_, n = struct.unpack("<IIQI", out[:20])
    assert len(out) == 20 + n
    return p.returncode, code, sum_, out[20:], err


def start(*argv, env=(), **kw):
    p = subprocess.Popen(argv, env=dict(os.environ, **dict(env)), **kw)
    _running.append(p)
    return p


def end_all():
    for p in _running:
        if p.poll() is None:
            p.terminate()
    for p in _running:
        try:
            p.wait(10)
        except subprocess.TimeoutExpired:
            p.kill()
            p.wait()


def clean(path):
    """Removes it, however deep, whatever its modes are."""
    subprocess.run(["chmod", "-R", "u+rwx", path], stderr=subprocess.DEVNULL, check=False)
    subprocess.run(["rm", "-rf", path], check=True)
    assert not os.path.exists(path)


def copy_program(name, folder):
    shutil.copy(os.path.join(BIN, name), os.path.join(folder, name))
