# SPDX-License-Identifier: GPL-2.0-or-later
"""Copies and moves between qubes, through the real programs."""
import errno
import os
import random
import signal
import subprocess
import time

from common import BIN, LARGE, REG, clean, entry, fresh, listing, one_line, receive
from qubes import Qubes, wait_for

FILES = 100000 if LARGE else 2000
SPARSE = 4 << 30 if LARGE else 256 << 20
_system = []


def system():
    if not _system:
        _system.append(Qubes())
    return _system[0]


def make_tree(top):
    """Names, modes, times and links of all sorts. The folder "tree" in it."""
    tree = os.path.join(top, "tree")
    os.makedirs(tree + "/sub/deep/er")
    for i, mode in enumerate((0o644, 0o600, 0o755, 0o444, 0o000, 0o4711, 0o1777)):
        path = "%s/sub/f%d" % (tree, i)
        with open(path, "wb") as f:
            f.write(random.randbytes(i * 5000))
        os.chmod(path, mode)
        os.utime(path, ns=(10 ** 18 + i, 10 ** 18 + 123456789 * i))
    open(tree + "/empty", "wb").close()
    for name in ("with space", "-dash", "quote'\"", "ünicode 漢字", "$(x)", "back\\slash"):
        with open(os.path.join(tree, name), "w", encoding="utf-8") as f:
            f.write(name)
    os.symlink("../f1", tree + "/sub/deep/link")
    os.symlink("nowhere/at/all", tree + "/sub/dangling")
    os.symlink("er/../../x".replace("er/../", "./"), tree + "/sub/deep/er/l")
    os.chmod(tree + "/sub/deep/er", 0o500)
    os.chmod(tree + "/sub/deep", 0o711)
    os.utime(tree + "/sub", ns=(10 ** 18, 946684800 * 10 ** 9 + 5))
    os.utime(tree, ns=(0, 0))
    return tree


def same(a, b):
    """As they should be after a copy: everything but what links cannot keep."""
    x, y = listing(a), listing(b)
    assert x.keys() == y.keys(), x.keys() ^ y.keys()
    for k, v in x.items():
        assert v == y[k], "%s: %s became %s" % (k, v, y[k])
    assert os.stat(a).st_mtime_ns == os.stat(b).st_mtime_ns
    assert subprocess.run(["diff", "-r", "--no-dereference", a, b], check=False,
                          stdout=subprocess.DEVNULL).returncode == 0


def copies(place, caller):
    q = system()
    tree = make_tree(fresh("from"))
    name, args = ("qvm-copy-to-vm", ("vault",)) if place == "dom0" else ("qvm-copy", ())
    status, out = q.copy(name, *args, tree, place=place)
    assert (status, out) == (0, b""), (status, out)
    same(tree, q.incoming("tree", caller))
    status, out = q.copy(name, *args, tree + "/", place=place)
    assert status == 1 and b"there already" in out, (status, out)
    clean(q.incoming("tree", caller))
    status, out = q.copy(name.replace("copy", "move"), *args, "tree/sub", "tree/-dash", "--", place=place,
                         cwd=os.path.dirname(tree))
    assert status == 1 and b"No such file" in out, "-- is a file there"
    status, out = q.copy(name.replace("copy", "move"), *args, "--", "tree/sub", "tree/-dash", place=place,
                         cwd=os.path.dirname(tree))
    assert (status, out) == (0, b""), (status, out)
    assert not os.path.exists(tree + "/sub") and not os.path.exists(tree + "/-dash")
    assert os.path.exists(q.incoming("sub/deep/link", caller)[:-5]) and os.path.exists(q.incoming("-dash", caller))
    clean(q.incoming("", caller))


def odd_names():
    q = system()
    top = os.fsencode(fresh("odd"))
    os.mkdir(top + b"/d")
    for name in (b"a\nb", b"\xff\xfe", b"\x1b[31m", "a\u202eb".encode()):
        with open(top + b"/d/" + name, "wb") as f:
            f.write(name)
    status, out = q.copy("qvm-copy", os.fsdecode(top + b"/d"))
    assert (status, out) == (0, b""), (status, out)
    same(os.fsdecode(top + b"/d"), q.incoming("d"))
    clean(q.incoming("d"))


def many_files():
    q = system()
    top = fresh("many")
    os.mkdir(top + "/many")
    for i in range(FILES):
        folder = "%s/many/%d" % (top, i // 1000)
        if i % 1000 == 0:
            os.mkdir(folder)
        with open("%s/%d" % (folder, i), "wb") as f:
            f.write(b"%d" % i * (i % 50))
        os.chmod("%s/%d" % (folder, i), 0o400 | i % 0o400)
    started = time.monotonic()
    status, out = q.copy("qvm-copy", top + "/many")
    print("# %d files: %.1f s" % (FILES, time.monotonic() - started))
    assert (status, out) == (0, b""), (status, out)
    same(top + "/many", q.incoming("many"))
    clean(q.incoming("many"))
    clean(top)


def sparse():
    q = system()
    top = fresh("sparse")
    with open(top + "/sparse", "wb") as f:
        f.truncate(SPARSE)
        for at in (0, SPARSE // 3 + 12345, SPARSE - 5000):
            f.seek(at)
            f.write(random.randbytes(5000))
    started = time.monotonic()
    status, out = q.copy("qvm-copy", top + "/sparse")
    print("# a sparse file of %d MiB: %.1f s" % (SPARSE >> 20, time.monotonic() - started))
    assert (status, out) == (0, b""), (status, out)
    got = q.incoming("sparse")
    assert subprocess.run(["cmp", top + "/sparse", got], check=False).returncode == 0
    assert os.stat(got).st_size == SPARSE
    assert os.stat(got).st_blocks * 512 < 1 << 20, "takes %d KiB" % (os.stat(got).st_blocks / 2)
    clean(top)
    os.unlink(got)


def disk_full():
    home = fresh("full")
    flags = "-m" if os.geteuid() == 0 else "-Urm"
    chunks = entry("small", REG | 0o644, b"x") + entry("large", REG | 0o644, bytes([1]) * (4 << 20))
    script = fresh("bin") + "/unpack"
    with open(script, "w", encoding="ascii") as f:
        f.write("#!/bin/sh\nmount -t tmpfs -o size=6m tmpfs %s && head -c 3m /dev/zero | tr '\\0' x >%s/fill\n"
                "%s/qfile-unpacker\nstatus=$?\nls %s/QubesIncoming/evil >&2\nexit $status\n"
                % (home, home, BIN, home))
    p = subprocess.run(["unshare", flags, "sh", script], input=chunks, stdout=subprocess.PIPE, check=False,
                       stderr=subprocess.PIPE, timeout=300,
                       env=dict(os.environ, HOME=home, QREXEC_REMOTE_DOMAIN="evil"))
    assert p.returncode == 1, p
    line, left = p.stderr.decode().splitlines()
    assert "large" in line and "no space" in line and left == "small", p
    assert int.from_bytes(p.stdout[:4], "little") == errno.ENOSPC


def killed(victim):
    """In the middle of a transfer: both ends report it, no half file, and the next call works."""
    q = system()
    top = fresh("kill")
    st = os.statvfs(top)
    with open(top + "/large", "wb") as f:
        f.truncate(min(60 << 30, st.f_blocks * st.f_frsize // 2))
    p = q.begin("qvm-move", top + "/large")
    # The receiver may run before the sender does.
    wait_for(lambda: q.pids("qfile-unpacker") and q.pids("qfile-agent"))
    time.sleep(0.1)
    victims = q.pids(victim)
    assert victims
    started = time.monotonic()
    for pid in victims:
        os.kill(pid, signal.SIGKILL)
    out, _ = p.communicate(timeout=300)
    took = time.monotonic() - started
    assert p.returncode != 0 and out, (p.returncode, out)
    assert os.path.exists(top + "/large")
    wait_for(lambda: not q.pids("qfile-unpacker"))
    assert not os.path.exists(q.incoming("large"))
    with open(top + "/next", "wb") as f:
        f.write(b"next")
    started = time.monotonic()
    status, out = q.copy("qvm-copy", top + "/next")
    assert (status, out) == (0, b""), (status, out)
    # The machine may be slow or busy: so long as so many whole copies take is soon.
    one_copy = time.monotonic() - started
    assert took < max(1, 20 * one_copy), "%.1f s, a copy takes %.1f s" % (took, one_copy)
    os.unlink(q.incoming("next"))


def large_lie():
    """More zeroes than the disk is large, and than anybody has, are refused at once."""
    home = fresh("lie")
    st = os.statvfs(home)
    size = max(st.f_blocks * st.f_frsize, 1 << 40) + 1
    status, code, _, name, err = receive(entry("f", REG | 0o644, size=size), home=home)
    assert status == 1 and code == errno.ENOSPC and name == b"f" and one_line(err)


def tests():
    yield "between qubes", lambda: copies("bin", "work")
    yield "from dom0", lambda: copies("dom0", "dom0")
    yield "names of any characters", odd_names
    yield "many small files", many_files
    yield "a large sparse file", sparse
    yield "the disk is full", disk_full
    yield "larger than the disk", large_lie
    for victim in ("qfile-unpacker", "qfile-agent", "qrexec-client-vm"):
        yield victim + " is killed", lambda v=victim: killed(v)
