# SPDX-License-Identifier: GPL-2.0-or-later
"""The stage of the tests of calls: one world, its clients, and stand-ins for the policy daemon
and qubesd."""
import os, socket, threading
from qrexec_env import USER, Tap, World, result

tap = Tap()
ok, eq = tap.ok, tap.eq
w = World()
NAMES = {42: "work", 43: "vault"}
RPC = USER + ":QUBESRPC "


def dom0(*args, data=b"", timeout=300, **kw):
    return result(w.client(*args, stdin=-1, **kw), data, timeout)


def vm(domain, *args, data=b"", timeout=300, **kw):
    return result(w.client_vm(domain, *args, stdin=-1, **kw), data, timeout)


class Server(threading.Thread):
    """Answers every connection to a Unix socket by answer(request bytes up to half-close or
    blank line)."""

    def __init__(self, path, answer, until=b""):
        super().__init__(daemon=True)
        self.s = socket.socket(socket.AF_UNIX)
        if os.path.exists(path):
            os.unlink(path)
        self.s.bind(path)
        os.chmod(path, 0o777)
        self.s.listen(64)
        self.path, self.answer, self.until, self.asked = path, answer, until, []
        self.start()

    def run(self):
        while True:
            try:
                c, _ = self.s.accept()
            except OSError:
                return
            threading.Thread(target=self.serve, args=(c,), daemon=True).start()

    def serve(self, c):
        data = b""
        with c:
            try:
                while not (self.until and data.endswith(self.until)):
                    part = c.recv(65536)
                    if not part:
                        break
                    data += part
                self.asked.append(data)
                reply = self.answer(data)
                if reply is not None:
                    c.sendall(reply)
            except OSError:
                pass  # who asks need not stay

    def close(self):
        self.s.shutdown(socket.SHUT_RDWR)
        self.s.close()
        os.unlink(self.path)


def policy_daemon(**answer):
    text = "".join("%s=%s\n" % kv for kv in answer.items()).encode()
    return Server(w.root + "/run/qubes/policy.sock", lambda q: text, b"\n\n")


def allowed(target, requested=None, **more):
    return policy_daemon(result="allow", user=USER, target=target, autostart="False",
                         requested_target=requested or target, **more)


def read_all(c):
    data = b""
    while part := c.recv(65536):
        data += part
    return data
