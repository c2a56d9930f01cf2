# SPDX-License-Identifier: GPL-2.0-or-later
"""Senders that lie: each is refused with one line, and nothing appears outside its folder."""
import errno
import itertools
import os

from common import (BLK, DIR, EARLY_EOF, END, FIFO, LARGE, LNK, REG, SOCK, clean, crc, entry, fresh,
                    header, listing, one_line, receive)

E = errno
ZEROES = bytes(1 << 20)
F, D, L = REG | 0o644, DIR | 0o755, LNK | 0o777
DD = entry("d", D)


def endless(first):
    return itertools.chain([first], itertools.repeat(ZEROES))


# name: (stream, code, what may be in the incoming folder, receiver's arguments)
REFUSED = {
    "a name that is ..": (entry("..", D), E.EILSEQ, (), ()),
    "a name that is .": (entry(".", D), E.EILSEQ, (), ()),
    "a path that begins with ..": (entry("../escaped", F, b"x"), E.EILSEQ, (), ()),
    "a path with .. in it": (DD + entry("d/../../escaped", F, b"x"), E.EILSEQ, ("d",), ()),
    "a path that ends with ..": (DD + entry("d/..", D), E.EILSEQ, ("d",), ()),
    "an absolute path": (entry("/tmp/qfile-escaped", F, b"x"), E.EILSEQ, (), ()),
    "an empty component": (DD + entry("d//f", F, b"x"), E.EILSEQ, ("d",), ()),
    "a slash at the end": (entry("d/", D), E.EILSEQ, (), ()),
    "an empty name": (header(1, F, 1) + b"\0x", E.EINVAL, (), ()),
    "a NUL in the name": (entry(b"a\0b", F, b"x"), E.EINVAL, (), ()),
    "a NUL in the name, all names allowed": (entry(b"a\0/../b", F, b"x"), E.EINVAL, (),
                                             ("--allow-all-names",)),
    "a name without a NUL": (entry(b"abc", F, b"x", nul=b""), E.EINVAL, (), ()),
    "a newline": (entry("a\nb", F, b"x"), E.EILSEQ, (), ()),
    "an escape sequence": (entry("a\x1b]0;b\x07", F, b"x"), E.EILSEQ, (), ()),
    "a DEL": (entry("a\x7f", F, b"x"), E.EILSEQ, (), ()),
    "a C1 control": (entry("a\x9bm", F, b"x"), E.EILSEQ, (), ()),
    "not UTF-8": (entry(b"a\xff", F, b"x"), E.EILSEQ, (), ()),
    "an overlong slash": (entry(b"..\xc0\xaff", F, b"x"), E.EILSEQ, (), ()),
    "half a character": (entry(b"a\xe4\xbd", F, b"x"), E.EILSEQ, (), ()),
    "writing direction": (entry("a\u202etxt.exe", F, b"x"), E.EILSEQ, (), ()),
    "an escape, all names allowed": (entry("..", D), E.EILSEQ, (), ("--allow-all-names",)),
    "a component of 256 bytes": (entry("a" * 256, F, b"x"), E.ENAMETOOLONG, (), ()),
    "a name of 16384 bytes": (entry("a/" * 8191 + "a", F), E.ENAMETOOLONG, (), ()),
    "a name of 4 GiB": (endless(header(0xffffffff, F, 1)), E.ENAMETOOLONG, (), ()),
    "a fifo": (entry("f", FIFO | 0o644), E.EINVAL, (), ()),
    "a device": (entry("f", BLK | 0o644), E.EINVAL, (), ()),
    "a socket": (entry("f", SOCK | 0o644), E.EINVAL, (), ()),
    "no kind of file": (entry("f", 0o644), E.EINVAL, (), ()),
    "a directory with a size": (entry("d", D, b"x"), E.EINVAL, (), ()),
    "impossible nanoseconds": (entry("f", F, b"x", nsec=1000000000), E.EINVAL, (), ()),
    "2^63 bytes": (endless(entry("f", F, size=1 << 63)), E.EDQUOT, (), ()),
    "2^64-1 bytes": (endless(entry("f", F, size=(1 << 64) - 1)), E.EDQUOT, (), ()),
    "2^63-1 bytes, endless": (endless(entry("f", F, size=(1 << 63) - 1)), E.ENOSPC, (), ()),
    "a size that is too large": (entry("f", F, b"short", size=100) + END, EARLY_EOF, (), ()),
    "a size that is too small": (entry("f", F, b"x" * 100, size=10), E.ENAMETOOLONG, ("f",), ()),
    "nothing at all": (b"", EARLY_EOF, (), ()),
    "half a header": (header(2, F, 1)[:20], EARLY_EOF, (), ()),
    "half a name": (header(9, F, 1) + b"abc", EARLY_EOF, (), ()),
    "no end mark": (entry("f", F, b"x"), EARLY_EOF, ("f",), ()),
    "an absolute link": (DD + entry("d/l", L, b"/etc"), E.ENOLINK, ("d",), ()),
    "a link upwards": (DD + entry("d/l", L, b".."), E.ENOLINK, ("d",), ()),
    "a link upwards, later": (DD + entry("d/l", L, b"a/../../.."), E.ENOLINK, ("d",), ()),
    "a link at the top": (entry("l", L, b"x"), E.ENOLINK, (), ()),
    "a link without a target": (DD + entry("d/l", L), E.ENOLINK, ("d",), ()),
    "a link with a NUL": (DD + entry("d/l", L, b"a\0../../.."), E.EILSEQ, ("d",), ()),
    "a link with a newline": (DD + entry("d/l", L, b"a\n"), E.EILSEQ, ("d",), ()),
    "a link of 16384 bytes": (DD + entry("d/l", L, b"a" * 16384), E.ENAMETOOLONG, ("d",), ()),
    "a link of 2^63 bytes": (endless(DD + entry("d/l", L, size=1 << 63)), E.ENAMETOOLONG, ("d",), ()),
    "half a link": (DD + entry("d/l", L, b"ab", size=9), EARLY_EOF, ("d",), ()),
    "a file through a link": (DD + entry("d/e", D) + entry("d/l", L, b"e") + entry("d/l/f", F, b"x"),
                              E.ENOTDIR, ("d", "d/e", "d/l"), ()),
    "a directory through a link": (DD + entry("d/e", D) + entry("d/l", L, b"e") + entry("d/l/g", D),
                                   E.ENOTDIR, ("d", "d/e", "d/l"), ()),
    "a file over a link": (DD + entry("d/l", L, b"e") + entry("d/l", F, b"x"), E.EEXIST,
                           ("d", "d/l"), ()),
    "modes through a link": (DD + entry("d/e", D) + entry("d/l", L, b"e") + entry("d/l", D | 0o777),
                             E.ENOTDIR, ("d", "d/e", "d/l"), ()),
    "the same file twice": (entry("f", F, b"x") + entry("f", F, b"y"), E.EEXIST, ("f",), ()),
    "a file, then a directory": (entry("f", F, b"x") + entry("f", D), E.ENOTDIR, ("f",), ()),
    "a file, then below it": (entry("f", F, b"x") + entry("f/g", F), E.ENOTDIR, ("f",), ()),
    "below nothing": (entry("no/f", F, b"x"), E.ENOENT, (), ()),
    "more files than allowed": (entry("f", F) + entry("g", F), E.EDQUOT, ("f",), ("--max-files", "1")),
    "more bytes than allowed": (entry("f", F, b"123") + entry("g", F, b"123"), E.EDQUOT, ("f",),
                                ("--max-bytes", "5")),
}


class Scene:
    """A home, and next to it what must not change."""

    def __init__(self):
        self.top = fresh("hostile")
        self.home = os.path.join(self.top, "home")
        self.incoming = os.path.join(self.home, "QubesIncoming", "evil")
        os.makedirs(self.incoming, 0o700)
        os.chmod(os.path.dirname(self.incoming), 0o700)
        for path in ("canary", "home/.bashrc", "home/QubesIncoming/canary"):
            with open(os.path.join(self.top, path), "w", encoding="ascii") as f:
                f.write("mine")
        os.mkdir(os.path.join(self.home, "QubesIncoming", "other"), 0o700)
        self.before = self.outside()

    def outside(self):
        return listing(self.top, but=self.incoming)

    def check(self):
        assert self.outside() == self.before, "changed outside: %s" % (
            set(self.outside().items()) ^ set(self.before.items()))
        assert not os.path.exists("/tmp/qfile-escaped")

    def inside(self):
        return listing(self.incoming)


def refused(stream, code, left, args):
    s = Scene()
    status, got, _, _, err = receive(stream, *args, home=s.home)
    line = one_line(err)
    assert status == 1, status
    assert got == code, "code %s instead of %s: %s" % (got, code, line)
    assert line.startswith("qubes.Filecopy: refused"), line
    assert set(s.inside()) == set(left), "left behind: %s" % s.inside()
    s.check()
    clean(s.top)


def taken(stream, *args):
    s = Scene()
    data = stream if isinstance(stream, bytes) else None
    status, code, sum_, _, err = receive(stream, *args, home=s.home)
    assert (status, code, err) == (0, 0, b""), (status, code, err)
    assert data is None or sum_ == crc(data)
    s.check()
    return s


def all_names():
    s = taken(entry(b"a\n\xff\x1b", F, b"x") + END, "--allow-all-names")
    assert os.listdir(os.fsencode(s.incoming)) == [b"a\n\xff\x1b"]
    s = taken(entry("again\u202e", F, b"x") + END, "allow-all-names")


def reopened():
    """A directory that comes more than twice, and files between."""
    s = taken(DD + entry("d", DIR | 0o700) + entry("d/f", F, b"x") + entry("d", DIR | 0o711) +
              entry("d/g", REG | 0o6755, b"x") + entry("d", DIR | 0o1750) + END)
    assert s.inside()["d"][0] == DIR | 0o1750
    assert s.inside()["d/g"][0] == REG | 0o6755


def nested():
    """Deeper than any path may be long, and back up."""
    part, n = "x" * 8, 600
    down = [entry("/".join([part] * i), D) for i in range(1, n + 1)]
    s = taken(b"".join(down) + entry("/".join([part] * n) + "/f", F, b"deep") +
              b"".join(reversed(down)) + END)
    clean(s.top)


def many():
    """So many entries take no memory: the receiver has 64 MiB."""
    n = 1000000 if LARGE else 20000

    def stream():
        yield DD
        for i in range(0, n, 1000):
            yield b"".join(entry("d/%d" % k, L, b"x") for k in range(i, i + 1000))
        yield END
    s = taken(stream())
    assert len(os.listdir(os.path.join(s.incoming, "d"))) == n
    clean(s.top)


def after_the_end():
    s = taken(entry("f", F, b"x") + END)
    assert set(s.inside()) == {"f"}
    s = Scene()
    status, code, sum_, _, _ = receive(endless(entry("f", F, b"x") + END), home=s.home)
    assert (status, code) == (0, 0) and sum_ == crc(entry("f", F, b"x") + END)


def callers():
    for caller in ("..", ".", "", "a/b", "../x"):
        s = Scene()
        status, code, _, _, err = receive(entry("f", F, b"x") + END, home=s.home, caller=caller)
        one_line(err)
        assert status == 1 and code is None
        s.check()


def links_in_the_way():
    """What the user has put there, or another qube's folder, is not written through."""
    s = Scene()
    os.rmdir(s.incoming)
    os.symlink("other", s.incoming)
    s.before = s.outside()
    status, _, _, _, err = receive(entry("f", F, b"x") + END, home=s.home)
    one_line(err)
    assert status == 1 and not os.listdir(os.path.join(s.home, "QubesIncoming", "other"))


def arguments():
    s = Scene()
    for args in (("evil",), ("--nosuch",), ("a", "b", "c")):
        status, code, _, _, err = receive(b"", *args, home=s.home)
        assert status == 1 and code is None and err


def tests():
    for name, (stream, code, left, args) in REFUSED.items():
        # An endless stream can be had once only: it is made when it is wanted, all others are bytes.
        yield name, lambda s=stream, c=code, w=left, a=args: refused(s, c, w, a)
    yield "all names, where that is allowed", all_names
    yield "directories that come again", reopened
    yield "deep nesting", nested
    yield "a great many entries", many
    yield "bytes after the end mark", after_the_end
    yield "callers that are no names", callers
    yield "a link instead of the incoming folder", links_in_the_way
    yield "arguments", arguments
