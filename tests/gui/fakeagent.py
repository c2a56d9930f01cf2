# SPDX-License-Identifier: GPL-2.0-or-later
"""A GUI agent for tests: speaks the protocol by hand, so that it can also speak it wrongly."""
import array
import fcntl
import mmap
import os
import select
import socket
import struct
import time

KEYPRESS, BUTTON, MOTION, CROSSING, FOCUS = 124, 125, 126, 127, 128
CREATE, DESTROY, MAP, UNMAP, CONFIGURE, MFNDUMP, SHMIMAGE = 130, 131, 132, 133, 134, 135, 136
CLOSE, CLIPBOARD_REQ, CLIPBOARD_DATA, WMNAME, KEYMAP = 137, 139, 140, 141, 142
DOCK, HINTS, FLAGS, WMCLASS, DUMP, CURSOR, DUMP_ACK = 143, 144, 145, 146, 147, 148, 149
FULLSCREEN, ATTENTION, MINIMIZE = 1, 2, 4
MEMFD = 0x100
MAGIC = 0x51464431
PAGE = 4096

F_ADD_SEALS = 1033
SEAL_SEAL, SEAL_SHRINK, SEAL_GROW, SEAL_WRITE = 1, 2, 4, 8


class Gone(Exception):
    """The daemon closed the connection."""


class Buffer:
    """A sealed memfd with an image in it."""

    def __init__(self, width, height, color=0, offset=0, seals=SEAL_SHRINK, size=None):
        self.width, self.height, self.offset = width, height, offset
        self.size = size if size is not None else -(-(offset + width * height * 4) // PAGE) * PAGE
        self.fd = os.memfd_create("image", os.MFD_CLOEXEC | os.MFD_ALLOW_SEALING)
        os.ftruncate(self.fd, self.size)
        if seals:
            fcntl.fcntl(self.fd, F_ADD_SEALS, seals)
        self.map = mmap.mmap(self.fd, self.size) if self.size else None
        if self.map and self.size >= offset + width * height * 4:
            self.fill(color)

    def fill(self, color, x=0, y=0, width=None, height=None):
        width = self.width if width is None else width
        height = self.height if height is None else height
        row = struct.pack("<I", color) * width
        for i in range(y, y + height):
            at = self.offset + (i * self.width + x) * 4
            self.map[at:at + len(row)] = row

    def close(self):
        if self.map:
            self.map.close()
            self.map = None
        if self.fd >= 0:
            os.close(self.fd)
            self.fd = -1

    def __del__(self):
        self.close()


class Agent:
    def __init__(self, directory, domid, version=(1, 8), side_channel=True, damage_channel=False):
        self.directory, self.domid = directory, domid
        self.version = version
        self.token = 1
        self.received = []
        self.data = b""
        self.sock = self.side = self.told = None
        name = os.path.join(directory, "vchan.%d.0.6000" % domid)
        self.paths = [name + ".sock"]
        self.listener = self._listen(name + ".sock", socket.SOCK_STREAM)
        self.side_listener = None
        if side_channel:
            self.paths.append(name + ".fds.sock")
            self.side_listener = self._listen(name + ".fds.sock", socket.SOCK_SEQPACKET)
        self.told_listener = None
        if damage_channel:
            self.paths.append(name + ".damage.sock")
            self.told_listener = self._listen(name + ".damage.sock", socket.SOCK_SEQPACKET)

    @staticmethod
    def _listen(path, kind):
        if os.path.exists(path):
            os.unlink(path)
        s = socket.socket(socket.AF_UNIX, kind)
        s.bind(path)
        s.listen(1)
        s.settimeout(150)
        return s

    def accept(self):
        self.sock, _ = self.listener.accept()
        self.sock.settimeout(150)

    def handshake(self):
        """Returns (negotiated version or None, width, height, depth, mem)."""
        self.accept()
        self.sock.sendall(struct.pack("<I", self.version[0] << 16 | self.version[1]))
        if self.side_listener:
            self.side, _ = self.side_listener.accept()
        if self.told_listener:
            self.told, _ = self.told_listener.accept()
        negotiated = None
        if self.version >= (1, 4):
            negotiated = struct.unpack("<I", self._exactly(4))[0]
        return (negotiated,) + struct.unpack("<4I", self._exactly(16))

    def _exactly(self, n):
        while len(self.data) < n:
            more = self.sock.recv(65536)
            if not more:
                raise Gone()
            self.data += more
        out, self.data = self.data[:n], self.data[n:]
        return out

    def raw(self, data):
        try:
            self.sock.sendall(data)
        except (BrokenPipeError, ConnectionResetError):
            raise Gone()

    def send(self, kind, window, body=b"", length=None):
        self.raw(struct.pack("<III", kind, window, len(body) if length is None else length) + body)

    # --- messages ---

    def create(self, window, x, y, width, height, override=0):
        self.send(CREATE, window, struct.pack("<iiIIII", x, y, width & 0xffffffff,
                                              height & 0xffffffff, 0, override))

    def map(self, window, transient=0, override=0):
        self.send(MAP, window, struct.pack("<II", transient, override))

    def configure(self, window, x, y, width, height, override=0):
        self.send(CONFIGURE, window, struct.pack("<iiIII", x, y, width, height, override))

    def title(self, window, text):
        data = text if isinstance(text, bytes) else text.encode()
        self.send(WMNAME, window, data[:128].ljust(128, b"\0"))

    def wmclass(self, window, res_class, res_name):
        self.send(WMCLASS, window, res_class.encode().ljust(64, b"\0") +
                  res_name.encode().ljust(64, b"\0"))

    def hints(self, window, flags, *values):
        self.send(HINTS, window, struct.pack("<9I", flags, *(values + (0,) * (8 - len(values)))))

    def flags(self, window, on=0, off=0):
        self.send(FLAGS, window, struct.pack("<II", on, off))

    def damage(self, window, x, y, width, height):
        self.send(SHMIMAGE, window, struct.pack("<iiII", x, y, width & 0xffffffff,
                                                height & 0xffffffff))

    def tell(self, *parts):
        """Damage by the channel of its own: window, x, y, width, height each."""
        try:
            self.told.send(b"".join(struct.pack("<IiiII", *p) for p in parts))
        except (BrokenPipeError, ConnectionResetError):
            raise Gone()

    def pass_fd(self, fd, size, token=None, magic=MAGIC):
        if token is None:
            token = self.token
            self.token += 1
        fds = fd if isinstance(fd, list) else [fd]
        ancillary = [(socket.SOL_SOCKET, socket.SCM_RIGHTS, array.array("i", fds))] if fds else []
        try:
            self.side.sendmsg([struct.pack("<IIQ", magic, token, size)], ancillary)
        except (BrokenPipeError, ConnectionResetError):
            raise Gone()
        return token

    def dump_memfd(self, window, token, width, height, offset=0, stride=None, flags=0, reserved=0,
                   bpp=32):
        self.send(DUMP, window, struct.pack(
            "<IIIIIIQII", MEMFD, width, height, bpp, token,
            width * 4 if stride is None else stride, offset, flags, reserved))

    def dump(self, window, buffer):
        token = self.pass_fd(buffer.fd, buffer.size)
        self.dump_memfd(window, token, buffer.width, buffer.height, buffer.offset)

    def show(self, window, x, y, width, height, color, override=0, title=None, wait=True):
        """A whole window: created, mapped, filled with a colour. Returns its buffer."""
        buffer = Buffer(width, height, color)
        self.create(window, x, y, width, height, override)
        if title is not None:
            self.title(window, title)
        self.map(window, 0, override)
        self.dump(window, buffer)
        self.damage(window, 0, 0, width, height)
        if wait:
            self.wait_for(DUMP_ACK, window)
        return buffer

    # --- what the daemon sends ---

    def poll(self, timeout=0.0):
        """Takes what is there. False at the end of the stream."""
        until = time.monotonic() + timeout
        while True:
            left = max(0.0, until - time.monotonic())
            ready = select.poll()
            ready.register(self.sock, select.POLLIN)
            if not ready.poll(left * 1000):
                return True
            try:
                more = self.sock.recv(1 << 20)
            except ConnectionResetError:
                more = b""
            if not more:
                return False
            self.data += more
            count = len(self.received)
            while len(self.data) >= 12:
                kind, window, length = struct.unpack("<III", self.data[:12])
                if len(self.data) < 12 + length:
                    break
                self.received.append((kind, window, self.data[12:12 + length]))
                self.data = self.data[12 + length:]
            if len(self.received) > count:
                return True

    def wait_for(self, kind, window=None, timeout=100.0, match=None):
        """The next message of a kind (removed from the list), or None."""
        until = time.monotonic() + timeout
        while True:
            for i, (k, w, body) in enumerate(self.received):
                if k == kind and window in (None, w) and (match is None or match(body)):
                    del self.received[i]
                    return body
            if time.monotonic() > until:
                return None
            if not self.poll(0.05):
                return None

    def drain(self, seconds=0.15):
        until = time.monotonic() + seconds
        while time.monotonic() < until:
            if not self.poll(0.02):
                break
        out, self.received = self.received, []
        return out

    def close(self):
        for s in (self.sock, self.side, self.told, self.listener, self.side_listener, self.told_listener):
            if s:
                s.close()
        for p in self.paths:
            if os.path.exists(p):
                os.unlink(p)
