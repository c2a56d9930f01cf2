# SPDX-License-Identifier: GPL-2.0-or-later
"""The GUI daemon's end of the protocol, for tests of qubes-gui-agent: written from the wire
format alone (docs/wire-gui.md), sharing no code with either end."""
import mmap
import os
import select
import socket
import struct
import time

KEYPRESS, BUTTON, MOTION, CROSSING, FOCUS = 124, 125, 126, 127, 128
CREATE, DESTROY, MAP, UNMAP, CONFIGURE, MFNDUMP, SHMIMAGE, CLOSE = range(130, 138)
CLIPBOARD_REQ, CLIPBOARD_DATA, WMNAME, KEYMAP, DOCK, HINTS, FLAGS, WMCLASS, DUMP, CURSOR, ACK = range(139, 150)
NAMES = {v: k for k, v in globals().items() if isinstance(v, int) and k.isupper()}


class Message:
    def __init__(self, kind, window, body):
        self.kind, self.window, self.body = kind, window, body

    def u32(self):
        return struct.unpack("<%dI" % (len(self.body) // 4), self.body)

    def i32(self):
        return struct.unpack("<%di" % (len(self.body) // 4), self.body)

    def text(self):
        return self.body.split(b"\0")[0]

    def __repr__(self):
        return "%s(0x%x, %s)" % (NAMES.get(self.kind, self.kind), self.window, self.body[:40].hex())


class Window:
    def __init__(self, message):
        self.x, self.y, self.w, self.h = message.i32()[:4]
        self.override_redirect = bool(message.u32()[5])
        self.mapped = self.docked = False
        self.image = self.image_size = None
        self.title = self.wm_class = self.hints = None
        self.cursor = 0
        self.damage = []

    def pixel(self, x, y):
        at = (y * self.image_size[0] + x) * 4
        return int.from_bytes(self.image[at:at + 3], "little")


class Daemon:
    """Connects at once. Acknowledges as the real one does, unless told not to."""

    def __init__(self, directory, domid=5, width=1280, height=800, minor=8, side=True, ack=True, timeout=100, told=False):
        base = os.path.join(directory, "vchan.%d.0.6000" % domid)
        self.windows, self.log, self.tokens, self.buffer = {}, [], {}, b""
        self.ack = ack
        self.unconsumed_max = 0
        self.announced = 0  # times that damage was
        self.sock = self.connect(base + ".sock", socket.SOCK_STREAM, timeout)
        self.sock.settimeout(timeout)
        self.agent_version, = struct.unpack("<I", self.read(4))
        self.side = self.connect(base + ".fds.sock", socket.SOCK_SEQPACKET, timeout) if side else None
        # What the qube's X server tells itself.
        self.told = self.connect(base + ".damage.sock", socket.SOCK_SEQPACKET, timeout) if told else None
        mem = width * height * 4 // 1024 + 1
        self.sock.sendall(struct.pack("<5I", 1 << 16 | minor, width, height, 24, mem))

    @staticmethod
    def connect(path, kind, timeout):
        end = time.monotonic() + timeout
        while True:
            s = socket.socket(socket.AF_UNIX, kind)
            try:
                s.connect(path)
                return s
            except (FileNotFoundError, ConnectionRefusedError):
                s.close()
                if time.monotonic() > end:
                    raise
                time.sleep(0.01)

    def close(self):
        self.sock.close()
        if self.side:
            self.side.close()
        if self.told:
            self.told.close()

    def drain_told(self, window):
        """The parts of the window that came by the channel for damage."""
        parts = []
        while select.select([self.told], [], [], 0)[0]:
            data = self.told.recv(4096)
            if not data:
                break
            assert len(data) % 20 == 0
            self.announced += data == bytes(20)
            parts += [p[1:] for p in struct.iter_unpack("=Iiiii", data) if p[0] == window]
        return parts

    def read(self, n):
        while len(self.buffer) < n:
            data = self.sock.recv(65536)
            if not data:
                raise EOFError("the agent closed the connection")
            self.buffer += data
        data, self.buffer = self.buffer[:n], self.buffer[n:]
        return data

    def send(self, kind, window, *values):
        body = b"".join(v if isinstance(v, bytes) else struct.pack("<I", v & 0xffffffff) for v in values)
        self.sock.sendall(struct.pack("<3I", kind, window, len(body)) + body)

    def drain_side(self):
        while self.side and select.select([self.side], [], [], 0)[0]:
            data, fds, flags, _ = socket.recv_fds(self.side, 64, 4)
            if not data:
                self.side.close()
                self.side = None
                return
            assert len(data) == 16 and len(fds) == 1, "odd packet"
            magic, token, size = struct.unpack("<IIQ", data)
            assert magic == 0x51464431 and token and token not in self.tokens
            self.tokens[token] = (fds[0], size)
        self.unconsumed_max = max(self.unconsumed_max, len(self.tokens))

    def take_dump(self, window, message):
        kind, w, h, bpp, token, stride = message.u32()[:6]
        offset, flags, reserved = struct.unpack("<QII", message.body[24:])
        assert kind == 0x100 and bpp == 32 and stride == w * 4 and not flags and not reserved
        assert len(message.body) == 40 and offset % 4096 == 0
        self.drain_side()
        fd, size = self.tokens.pop(token)
        assert os.fstat(fd).st_size == size >= offset + stride * h
        import fcntl
        seals = fcntl.fcntl(fd, 1034)
        assert seals & 2, "not sealed against shrinking"
        window.image = mmap.mmap(fd, size, prot=mmap.PROT_READ)
        window.image_size = (w, h)
        os.close(fd)

    def handle(self, m):
        if m.kind == CREATE:
            assert m.window not in self.windows, "CREATE of a window that exists"
            self.windows[m.window] = Window(m)
            return
        if m.kind == CLIPBOARD_DATA:
            return
        w = self.windows[m.window]
        if m.kind == DESTROY:
            del self.windows[m.window]
            if self.ack:
                self.send(DESTROY, m.window)
        elif m.kind == MAP:
            assert not w.mapped
            w.mapped, w.transient_for = True, m.u32()[0]
            w.override_redirect = bool(m.u32()[1])
        elif m.kind == UNMAP:
            assert w.mapped
            w.mapped, w.image = False, None
        elif m.kind == DOCK:
            assert not w.mapped, "only unmapped windows are docked"
            w.docked = True
        elif m.kind == CONFIGURE:
            w.x, w.y, w.w, w.h = m.i32()[:4]
        elif m.kind == SHMIMAGE:
            assert w.mapped and w.image
            w.damage.append(m.i32())
        elif m.kind == WMNAME:
            assert len(m.body) == 128
            w.title = m.text()
        elif m.kind == WMCLASS:
            assert len(m.body) == 128
            w.wm_class = (m.body[64:].split(b"\0")[0], m.body[:64].split(b"\0")[0])
        elif m.kind == HINTS:
            w.hints = m.u32()
        elif m.kind == CURSOR:
            w.cursor = m.u32()[0]
        elif m.kind == DUMP:
            self.take_dump(w, m)
            if self.ack:
                self.send(ACK, m.window)

    def pump(self, seconds=0):
        """Handles what comes within that time; returns the messages."""
        end, got = time.monotonic() + seconds, []
        while True:
            left = end - time.monotonic()
            if not self.buffer and not select.select([self.sock], [], [], max(left, 0))[0]:
                return got
            kind, window, n = struct.unpack("<3I", self.read(12))
            m = Message(kind, window, self.read(n))
            self.handle(m)
            self.log.append(m)
            got.append(m)
            if time.monotonic() > end and not self.buffer:
                return got

    def until(self, condition, seconds=150):
        """Pumps until condition() is true; returns it."""
        end = time.monotonic() + seconds
        while True:
            self.pump(0)
            result = condition()
            if result or time.monotonic() > end:
                return result
            self.pump(0.02)

    def mapped(self):
        return [i for i, w in self.windows.items() if w.mapped]

    def titled(self, title):
        for i, w in self.windows.items():
            if w.title == title and w.mapped:
                return i
        return None

    # Input, as the real daemon sends it.
    def key(self, code, state=0, press=True, window=0):
        self.send(KEYPRESS, window, 2 if press else 3, 0, 0, state, code)

    def tap(self, code, state=0):
        self.key(code, state, True)
        self.key(code, state, False)

    def motion(self, window, x, y):
        self.send(MOTION, window, x, y, 0, 0)

    def button(self, window, x, y, button=1, press=True):
        self.send(BUTTON, window, 4 if press else 5, x, y, 0, button)

    def crossing(self, window, enter, x=0, y=0):
        self.send(CROSSING, window, 7 if enter else 8, x, y, 0, 0, 0, 0)

    def focus(self, window, into=True):
        self.send(KEYMAP, 0, bytes(32))
        self.send(FOCUS, window, 9 if into else 10, 0, 0)

    def configure(self, window, x, y, w, h):
        self.send(CONFIGURE, window, x, y, w, h, 0)

    def png(self, window, path):
        import zlib
        w = self.windows[window]
        width, height = w.image_size
        rows = b""
        for y in range(height):
            row = w.image[y * width * 4:(y + 1) * width * 4]
            rgb = bytearray(width * 3)
            rgb[0::3], rgb[1::3], rgb[2::3] = row[2::4], row[1::4], row[0::4]
            rows += b"\0" + bytes(rgb)

        def chunk(kind, data):
            return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
        with open(path, "wb") as f:
            f.write(b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)) +
                    chunk(b"IDAT", zlib.compress(rows)) + chunk(b"IEND", b""))
