#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Replay recorded qubesd conversations against any implementation of the qvm-* tools.

  cli_replay.py --tools-dir build/tools            run every replayable vector
  cli_replay.py --tools-dir D --filter qvm_prefs   only ids matching a regex
  cli_replay.py --exec 'python3 x.py {tool}' ...   run tools through a template
  --mode lenient (default) | strict
  --all      also run vectors marked not replayable
  --json F   write per-vector results

What the tool under test must honour (test hooks, all environment variables):
  QUBESD_SOCKET        Unix socket to speak the qubesd protocol to
  QREXEC_SERVICES_DIR  where admin.vm.volume.Import[WithSize] live (streamed payload)
  QREXEC_CLIENT        path of the dom0 qrexec-client
  QREXEC_CLIENT_VM     path of qrexec-client-vm (used when QUBES_CONNECTION=qrexec)
  QUBES_CONNECTION     "socket" (dom0 mode, default) or "qrexec" (as if run in a VM)
  QUBES_BACKUP_PROFILE_DIR  instead of /etc/qubes/backup
Prompts (passphrase, y/N) must fall back to reading stdin when there is no tty.
Lenient mode: exit status, stdout (when upstream's test captured it), the
multiset of state-changing calls and of qrexec services must be equal;
read-only calls may differ as long as the recorded table (or a sound synthesis
from it: GetAll from Get, per-VM List from dom0 List ...) can answer them.
Strict mode: the set of all calls must equal the recorded one.
"""
import argparse, collections, json, os, re, shlex, shutil, socket, stat, subprocess, sys, tempfile, threading, time

HERE = os.path.dirname(os.path.abspath(__file__))
READ = re.compile(r'\.(List|Get|GetAll|GetDefault|Help|Info|ListSnapshots|ListDrivers|UsageDetails|'
                  r'Available|Attached|Assigned|Index|CurrentState|Stats|CheckWith\w*)$|^admin\.Events$|\.denied\.List$')
B = lambda s: s.encode('latin-1')

def is_read(method):
    return bool(READ.search(method))

class Server(threading.Thread):
    def __init__(self, path, vec):
        super().__init__(daemon=True)
        self.vec, self.log, self.unknown, self.lock = vec, [], [], threading.Lock()
        self.tab = collections.OrderedDict()
        for c in vec['expected_calls']:
            key = (c['dest'], c['method'], c['arg'] or '', B(c['payload'] or ''))
            if key in self.tab:
                continue
            self.tab[key] = [[B(x) for x in c['responses']], c['sequence'], c.get('after')]
        # names that upstream calls with dest=None / '' cannot be expressed on the wire
        self.sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.sock.bind(path)
        os.chmod(path, 0o777)
        self.sock.listen(64)
        self.changes = 0
    def run(self):
        while True:
            try:
                c, _ = self.sock.accept()
            except OSError:
                return
            threading.Thread(target=self.serve, args=(c,), daemon=True).start()
    def close(self):
        self.sock.close()
    # -- table access -------------------------------------------------------
    def text(self, dest, method, arg=''):
        e = self.tab.get((dest, method, arg, b''))
        if not e or not e[0] or not e[0][0].startswith(b'0\0'):
            return None
        return e[0][0][2:].decode('latin-1')
    def synth(self, dest, method, arg, payload):
        ok = lambda s: b'0\0' + B(s)
        err = lambda n, m: b'2\0' + n.encode() + b'\0\0' + B(m) + b'\0'
        vmlist = self.text('dom0', 'admin.vm.List')
        known = {l.split()[0]: l for l in (vmlist or '').splitlines() if l.strip()}
        if method == 'admin.vm.List':
            if dest == 'dom0':
                # only per-VM answers were recorded
                ls = [e[0][0][2:].decode('latin-1') for k, e in self.tab.items()
                      if k[1] == 'admin.vm.List' and e[0] and e[0][0].startswith(b'0\0')]
                names = []
                if not ls:
                    for k in self.tab:
                        if k[0] and k[0] != 'dom0' and k[0] not in names and k[1].startswith('admin.vm.'):
                            names.append(k[0])
                    ls = ['%s class=AppVM state=Running\n' % x for x in names]
                return ok(''.join(ls))
            if dest in known:
                return ok(known[dest] + '\n')
        if method == 'admin.vm.property.Get':
            ga = self.text(dest, 'admin.vm.property.GetAll')
            if ga is not None:
                for l in ga.splitlines():
                    k, _, rest = l.partition(' ')
                    if k == arg:
                        return ok(rest.replace('\\n', '\n').replace('\\\\', '\\'))
                return err('QubesNoSuchPropertyError', 'Invalid property %r of %s' % (arg, dest))
            if arg == 'klass' and dest in known:
                m = re.search(r'class=(\S+)', known[dest])
                if m:
                    return ok('default=True type=str ' + m.group(1))
            if self.vec['source'] == 'model':
                return err('QubesNoSuchPropertyError', 'Invalid property')
        if method in ('admin.vm.property.GetAll', 'admin.property.GetAll'):
            g = method[:-3]
            out = ''
            for k, e in self.tab.items():
                if k[0] == dest and k[1] == g and e[0] and e[0][0].startswith(b'0\0'):
                    v = e[0][0][2:].decode('latin-1').replace('\\', '\\\\').replace('\n', '\\n')
                    out += '%s %s\n' % (k[2], v)
            if out or dest in known:
                return ok(out)
        if method == 'admin.vm.CurrentState' and dest in known:
            m = re.search(r'state=(\S+)', known[dest])
            return ok('mem=0 mem_static_max=0 cputime=0 power_state=%s' % (m.group(1) if m else 'NA'))
        if method == 'admin.vm.feature.Get' or method.startswith('admin.vm.feature.CheckWith'):
            for alt in ('admin.vm.feature.Get', 'admin.vm.feature.CheckWithTemplate'):
                t = self.text(dest, alt, arg)
                if t is not None:
                    return ok(t)
            return err('QubesFeatureNotFoundError', 'Feature not set for domain %s: %s' % (dest, arg))
        if method == 'admin.vm.tag.Get':
            t = self.text(dest, 'admin.vm.tag.List')
            if t is not None:
                return ok('1' if arg in t.splitlines() else '0')
            if self.vec['source'] == 'model':
                return ok('0')
        if re.match(r'admin\.vm\.device\.\w+\.(Attached|Assigned|Available)$', method) and dest in known and not arg:
            return b'0\0'
        if method == 'admin.vm.Start' and any(s.get('dest') == dest for s in self.vec['services']):
            return err('QubesVMNotHaltedError', 'Domain is not powered off: %r' % dest)
        return None
    def answer(self, dest, method, arg, payload):
        with self.lock:
            e = self.tab.get((dest, method, arg, payload))
            rec = {'dest': dest, 'method': method, 'arg': arg, 'payload': payload.decode('latin-1')}
            self.log.append(rec)
            changes = self.changes
            if not is_read(method):
                self.changes += 1
            if e is not None and e[2]:
                best = e[0][0]
                for after, resp in zip(e[2], e[0]):
                    if after <= changes:
                        best = resp
                return best
            if e is not None:
                if e[1]:
                    if e[0]:
                        return e[0].pop(0)
                    rec['note'] = 'more often than recorded'
                    return None
                r = e[0][0]
                if self.vec.get('expire_shift'):
                    sh = int(time.time()) - self.vec['recorded_at']
                    r = re.sub(rb'expire=(\d+)', lambda m: b'expire=%d' % (int(m.group(1)) + sh), r)
                return r
            r = self.synth(dest, method, arg, payload)
            if r is not None:
                rec['note'] = 'synthesised'
                return r
            rec['note'] = 'unexpected'
            return None
    def serve(self, c):
        try:
            buf = b''
            c.settimeout(150)
            while True:
                d = c.recv(65536)
                if not d:
                    break
                buf += d
            head, sep, payload = buf.partition(b'\0')
            parts = head.split(b' ', 3)
            if not buf:
                return      # connected and went away, e.g. a cancelled events listener
            if not sep or len(parts) != 4:
                self.log.append({'dest': '', 'method': '', 'arg': '', 'payload': buf.decode('latin-1'), 'note': 'framing error'})
                return
            meth, _, arg = parts[0].partition(b'+')
            dest = parts[3].decode('latin-1')
            if parts[2] == b'keyword' and dest == 'adminvm':
                dest = 'dom0'
            method = meth.decode('latin-1')
            if method == 'admin.Events':
                self.log.append({'dest': dest, 'method': method, 'arg': arg.decode('latin-1'), 'payload': '', 'note': 'events'})
                evs = [B(x) for x in self.vec['events']] or [b'1\0\0connection-established\0\0']
                for ev in evs:
                    c.sendall(ev)
                    time.sleep(0.02)
                c.settimeout(20)
                try:
                    c.recv(1)
                except OSError:
                    pass
                return
            r = self.answer(dest, method, arg.decode('latin-1'), payload)
            if r is None:
                r = b'2\0ProtocolError\0\0unexpected call in replay: ' + head + b'\0'
            c.sendall(r)
        except OSError:
            pass
        finally:
            c.close()

RPC_SHIM = r'''#!/usr/bin/python3
import os, socket, sys
data = sys.stdin.buffer.read()
s = socket.socket(socket.AF_UNIX); s.connect(%(sock)r)
m = os.path.basename(sys.argv[0]); arg = sys.argv[1] if len(sys.argv) > 1 else ''
s.sendall(('%%s+%%s %%s name %%s\0' %% (m, arg, os.environ.get('QREXEC_REMOTE_DOMAIN', 'dom0'), os.environ['QREXEC_REQUESTED_TARGET'])).encode() + data)
s.shutdown(socket.SHUT_WR)
while True:
    d = s.recv(65536)
    if not d: break
    sys.stdout.buffer.write(d)
'''
QREXEC_SHIM = r'''#!/usr/bin/python3
import json, os, sys, select
a = sys.argv[1:]; rec = {'argv': a, 'opts': {}}
i = 0; rest = []
while i < len(a):
    if a[i] in ('-d', '-l', '-p', '-w', '--prefix-data', '--domain'):
        rec['opts'][a[i]] = a[i + 1]; i += 2
    elif a[i].startswith('-') and len(a[i]) > 1:
        rec['opts'][a[i]] = True; i += 1
    else:
        rest.append(a[i]); i += 1
rec['rest'] = rest
data = b''
if not rec['opts'].get('-e') and not rec['opts'].get('-l'):
    try:
        data = sys.stdin.buffer.read()
    except Exception:
        pass
rec['stdin'] = data.decode('latin-1')
fd = os.open(%(log)r, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o666)
os.write(fd, (json.dumps(rec) + '\n').encode())
table = json.load(open(%(table)r))
d = rec['opts'].get('-d'); cmd = rest[0] if rest else ''
svc = cmd.split('QUBESRPC ', 1)[-1].split(' ')[0].rstrip('+')
for t in table:
    if t['dest'] == d and t['service'].rstrip('+') == svc:
        sys.stdout.buffer.write(t['stdout'].encode('latin-1'))
'''
QREXEC_VM_SHIM = r'''#!/usr/bin/python3
# qrexec-client-vm [opts] TARGET SERVICE[+ARG] [LOCALCMD...]
import json, os, sys
a = sys.argv[1:]; opts = {}
while a and a[0].startswith('-'):
    if a[0] in ('-p', '--prefix-data', '--buffer-size'):
        opts[a[0]] = a[1]; a = a[2:]
    else:
        opts[a[0]] = True; a = a[1:]
target, service = a[0], a[1]
if service.startswith('admin.'):
    m, _, arg = service.partition('+')
    import socket
    data = sys.stdin.buffer.read()
    s = socket.socket(socket.AF_UNIX); s.connect(%(sock)r)
    s.sendall(('%%s+%%s dom0 name %%s\0' %% (m, arg, target)).encode() + data); s.shutdown(socket.SHUT_WR)
    while True:
        d = s.recv(65536)
        if not d: break
        sys.stdout.buffer.write(d)
    sys.exit(0)
data = sys.stdin.buffer.read()
fd = os.open(%(log)r, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o666)
o = {'-d': target}
if '-p' in opts: o['-p'] = opts['-p']
os.write(fd, (json.dumps({'argv': sys.argv[1:], 'opts': o, 'rest': ['DEFAULT:QUBESRPC ' + service], 'stdin': data.decode('latin-1')}) + '\n').encode())
for t in json.load(open(%(table)r)):
    if t['dest'] == target and t['service'].rstrip('+') == service.rstrip('+'):
        sys.stdout.buffer.write(t['stdout'].encode('latin-1'))
'''
SUDO_SHIM = '#!/bin/sh\nwhile [ $# -gt 0 ]; do case "$1" in -u|-g) shift 2;; -*) shift;; *) break;; esac; done\nexec "$@"\n'
LOG_SHIM = '#!/bin/sh\necho "$0 $*" >>%s\nexit 0\n'

# A child that another thread is just starting has copies of our descriptors until it runs its program:
# one that can write to a program keeps that from running ("Text file busy").
STARTING = threading.Lock()

def write_exec(path, text):
    with STARTING:
        with open(path, 'w') as f:
            f.write(text)
    os.chmod(path, 0o755)

def run_tool(cmd, timeout, **kw):
    with STARTING:
        p = subprocess.Popen(cmd, stdout=subprocess.PIPE, stderr=subprocess.PIPE, **kw)
    with p:
        try:
            out, err = p.communicate(timeout=timeout)
        except subprocess.TimeoutExpired:
            p.kill()
            out, err = p.communicate()
            return 'timeout', out, err
        return p.returncode, out, err

def run_vector(vec, args):
    why, notes = [], []
    tmp = tempfile.mkdtemp(prefix='replay-')
    os.chmod(tmp, 0o755)
    srv = None
    try:
        sockp = os.path.join(tmp, 'qubesd.sock')
        srv = Server(sockp, vec)
        srv.start()
        bind, rpc = os.path.join(tmp, 'bin'), os.path.join(tmp, 'rpc')
        os.mkdir(bind), os.mkdir(rpc)
        for m in ('admin.vm.volume.Import', 'admin.vm.volume.ImportWithSize'):
            write_exec(os.path.join(rpc, m), RPC_SHIM % {'sock': sockp})
        json.dump(vec['service_table'], open(os.path.join(tmp, 'svc.json'), 'w'))
        qlog, plog = os.path.join(tmp, 'qrexec.log'), os.path.join(tmp, 'prog.log')
        open(qlog, 'w').close(); os.chmod(qlog, 0o666)
        write_exec(os.path.join(bind, 'qrexec-client'), QREXEC_SHIM % {'log': qlog, 'table': os.path.join(tmp, 'svc.json')})
        write_exec(os.path.join(bind, 'qrexec-client-vm'), QREXEC_VM_SHIM % {'sock': sockp, 'log': qlog, 'table': os.path.join(tmp, 'svc.json')})
        write_exec(os.path.join(bind, 'sudo'), SUDO_SHIM)
        for name, body in (vec.get('shims') or {}).items():
            write_exec(os.path.join(bind, name), '#!/bin/sh\n' + body + '\n')
        for p in ('qvm-appmenus', 'notify-send', 'runuser'):
            write_exec(os.path.join(bind, p), LOG_SHIM % plog)
        # files named in argv are recreated under the temp dir
        argv = list(vec['argv'])
        fmap = {}
        for i, f in enumerate(vec['files']):
            np = os.path.join(tmp, 'file%d' % i)
            with open(np, 'wb') as fh:
                fh.write(B(f['content']))
            fmap[f['path']] = np
            argv = [a.replace(f['path'], np) for a in argv]
        env = {'PATH': bind + ':/usr/bin:/bin:/usr/sbin:/sbin', 'HOME': tmp, 'LC_ALL': 'C.UTF-8',
               'USER': 'nobody', 'QUBESD_SOCKET': sockp, 'QREXEC_SERVICES_DIR': rpc,
               'QREXEC_CLIENT': os.path.join(bind, 'qrexec-client'), 'QUBES_REPLAY': '1', 'COLUMNS': '200'}
        env['QREXEC_CLIENT_VM'] = os.path.join(bind, 'qrexec-client-vm')
        env['QUBES_BACKUP_PROFILE_DIR'] = os.path.join(tmp, 'backup')
        os.mkdir(env['QUBES_BACKUP_PROFILE_DIR'])
        env['QUBES_CONNECTION'] = 'qrexec' if vec.get('connection') == 'qrexec' else 'socket'
        env.update(vec.get('extra_env') or {})
        if vec['env'].get('DISPLAY'):
            env['DISPLAY'] = vec['env']['DISPLAY']
        for kv in args.env:
            k, _, v = kv.partition('=')
            env[k] = v
        if args.exec_tmpl:
            cmd = [x.replace('{tool}', vec['tool']) for x in shlex.split(args.exec_tmpl)] + argv
        else:
            path = os.path.join(args.tools_dir, vec['tool'])
            if not os.path.exists(path):
                return {'id': vec['id'], 'tool': vec['tool'], 'pass': False, 'missing': True, 'why': ['no such tool binary'], 'notes': []}
            cmd = [path] + argv
        t0 = time.time()
        try:
            inp = os.path.join(tmp, 'stdin')   # a regular file: upstream sizes imports from stdin by seeking
            with open(inp, 'wb') as fh:
                fh.write(B(vec['stdin'] or ''))
            with open(inp, 'rb') as fh:
                rc, out, err = run_tool(cmd, args.timeout, env=env, cwd=tmp, stdin=fh)
            out, err = out.decode('utf-8', 'replace'), err.decode('utf-8', 'replace')
        except OSError as e:
            return {'id': vec['id'], 'tool': vec['tool'], 'pass': False, 'why': ['cannot run: %s' % e], 'notes': []}
        wall = time.time() - t0
        # ---- exit
        if rc != vec['expected_exit']:
            why.append('exit %s, expected %s' % (rc, vec['expected_exit']))
        # ---- stdout
        norm = lambda s: [l.rstrip() for l in s.splitlines()]
        exp = vec['stdout']
        if exp is not None and vec.get('expire_shift'):
            exp, out = (re.sub(r'\+3[56]\d\ds', '+3600s', x) for x in (exp, out))
        if exp is not None:
            exp = exp.replace('@BACKUP_DIR@', env['QUBES_BACKUP_PROFILE_DIR'])
            for f in vec['files']:
                exp = exp.replace(f['path'], fmap[f['path']])
            if vec['stdout_asserted']:
                if norm(exp) != norm(out):
                    why.append('stdout differs: expected %r got %r' % (exp[:300], out[:300]))
                elif exp != out:
                    notes.append('stdout differs in trailing space only')
            elif norm(exp) != norm(out):
                notes.append('stdout differs (not asserted upstream)')
        if vec['expected_exit'] == 0 and vec['stderr'] == '' and err and vec['stderr_asserted']:
            notes.append('stderr not empty: %r' % err[:120])
        # ---- calls
        key = lambda c: (c['dest'], c['method'], c['arg'] or '', c['payload'] or '')
        svc_dests = {s.get('dest') for s in vec['services']}
        got = [c for c in srv.log]
        want_mut = collections.Counter(key(c) for c in vec['actual_calls'] if not is_read(c['method']))
        got_mut = collections.Counter(key(c) for c in got if c['method'] and not is_read(c['method'])
                                      and not (c['method'] == 'admin.vm.Start' and c.get('note') == 'synthesised'))
        for k in (want_mut - got_mut):
            why.append('missing call %s' % (k,))
        for k in (got_mut - want_mut):
            why.append('extra call %s' % (k,))
        if not why and [key(c) for c in vec['actual_calls'] if not is_read(c['method'])] != \
                [key(c) for c in got if c['method'] and not is_read(c['method']) and c.get('note') != 'synthesised']:
            notes.append('order of state-changing calls differs')
        for c in got:
            if c.get('note') == 'framing error':
                why.append('malformed request on the socket')
            if c.get('note') == 'unexpected' and is_read(c['method']):
                (why if args.mode == 'strict' else notes).append('read call not in table: %s' % (key(c),))
        if args.mode == 'strict':
            w = {key(c) for c in vec['actual_calls']}
            g = {key(c) for c in got if c.get('note') != 'synthesised' and c['method'] != 'admin.Events'}
            if w - g:
                why.append('strict: calls not made %s' % sorted(w - g))
            if g - w:
                why.append('strict: other calls made %s' % sorted(g - w))
        # ---- qrexec services
        def svc_name(s):
            return s.rstrip('+')
        want_s, inputs = collections.Counter(), {}
        for s in vec['services']:
            if 'kwargs' in s:
                k = (s['dest'], svc_name(s['service']), s['kwargs'].get('user') or 'DEFAULT')
                want_s[k] += 1
                inputs.setdefault(k[:2], '')
                inputs[k[:2]] += s['kwargs'].get('prefix_data') or ''
            else:
                inputs.setdefault((s['dest'], svc_name(s['service'])), '')
                inputs[(s['dest'], svc_name(s['service']))] += s['input'] or ''
        got_s, got_in = collections.Counter(), {}
        for line in open(qlog):
            r = json.loads(line)
            c = r['rest'][0] if r['rest'] else ''
            user, _, tail = c.partition(':')
            name = svc_name(tail.split('QUBESRPC ', 1)[-1].split(' ')[0])
            k = (r['opts'].get('-d'), name, user)
            got_s[k] += 1
            got_in.setdefault(k[:2], '')
            got_in[k[:2]] += (r['opts'].get('-p') or '') + r['stdin']
        if want_s != got_s:
            why.append('services differ: expected %s got %s' % (dict(want_s), dict(got_s)))
        elif inputs != got_in:
            why.append('service input differs: expected %s got %s' % (inputs, got_in))
        # ---- files
        for f in vec['files']:
            np = fmap[f['path']]
            if os.path.exists(np) != f['exists_after']:
                # temp files of the recording test may be gone after the test itself, only main() counts
                why.append('file %s exists=%s expected %s' % (f['path'], os.path.exists(np), f['exists_after']))
            elif f['exists_after'] and f.get('content_after') is not None and open(np, 'rb').read() != B(f['content_after']):
                why.append('file %s has other content' % f['path'])
        return {'id': vec['id'], 'tool': vec['tool'], 'pass': not why, 'why': why, 'notes': notes,
                'exit': rc, 'stdout': out[-2000:], 'stderr': err[-2000:], 'wall': round(wall, 3),
                'calls': got}
    finally:
        if srv:
            srv.close()
        shutil.rmtree(tmp, ignore_errors=True)

def main():
    ap = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    ap.add_argument('--tools-dir', default=os.environ.get('TOOLS_DIR', 'build/tools'))
    ap.add_argument('--exec', dest='exec_tmpl')
    ap.add_argument('--vectors', default=os.path.join(HERE, 'vectors.json'),
                    help='comma separated list of vector files')
    ap.add_argument('--filter', default='')
    ap.add_argument('--mode', choices=('lenient', 'strict'), default='lenient')
    ap.add_argument('--all', action='store_true')
    ap.add_argument('--timeout', type=float, default=120)
    ap.add_argument('--env', action='append', default=[])
    ap.add_argument('--json')
    ap.add_argument('--verbose', '-v', action='store_true')
    ap.add_argument('--list', action='store_true')
    ap.add_argument('-j', type=int, default=1)
    a = ap.parse_args()
    vecs = []
    for fn in a.vectors.split(','):
        doc = json.load(open(fn))
        for v in doc['vectors']:
            if 'expected_rows' in v:
                v['expected_calls'] = [doc['rows'][i] for i in v['expected_rows']]
            if (a.all or v['replayable']) and re.search(a.filter, v['id'] + ' ' + v['tool']):
                vecs.append(v)
    if a.list:
        for v in vecs:
            print(v['id'], v['tool'], shlex.join(v['argv']))
        return 0
    from concurrent.futures import ThreadPoolExecutor
    results, per = [], collections.OrderedDict()
    with ThreadPoolExecutor(a.j) as ex:
        for r in ex.map(lambda v: run_vector(v, a), vecs):
            results.append(r)
            p = per.setdefault(r['tool'], [0, 0])
            p[0 if r['pass'] else 1] += 1
            print(('ok ' if r['pass'] else 'not ok ') + r['id'] + ('' if r['pass'] else ': ' + '; '.join(r['why'])[:600]))
            if a.verbose:
                for n in r['notes']:
                    print('   #', n)
    if a.json:
        json.dump({'results': results}, open(a.json, 'w'), indent=1)
    for t, (p, f) in per.items():
        print('# %-26s %3d passed %3d failed' % (t, p, f))
    n = sum(r['pass'] for r in results)
    print('%d passed, %d failed' % (n, len(results) - n))
    return 0 if n == len(results) else 1

if __name__ == '__main__':
    sys.exit(main())
