#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Types into a shell and looks at what its completion makes of it.

usage: cli_complete.py bash|zsh SCRIPT TYPED WANTED
Runs a real interactive shell on a terminal of its own, types TYPED and a tab, and then Enter; the command is
replaced by one that prints its arguments. WANTED is what it is to print.
"""
import os, pty, select, signal, sys, time

shell, script, typed, wanted = sys.argv[1:]
SETUP = {
    'bash': "PS1='ready> '; bind 'set enable-bracketed-paste off'; source %s" % script,
    'zsh': "PS1='ready> '; unsetopt zle_bracketed_paste; fpath=(%s $fpath); autoload -U compinit; compinit -u -D"
           % os.path.dirname(script),
}
ARGV = {'bash': ['bash', '--norc', '--noprofile', '-i'], 'zsh': ['zsh', '-f', '-i']}

class Failed(Exception):
    pass

class Session:
    def __init__(self):
        self.seen = ''
        self.pid, self.fd = pty.fork()
        if not self.pid:
            os.environ.update(TERM='dumb', HOME='/nonexistent', HISTFILE='/dev/null')
            os.execvp(ARGV[shell][0], ARGV[shell])

    def close(self):
        os.kill(self.pid, signal.SIGKILL)
        os.waitpid(self.pid, 0)
        os.close(self.fd)

    def type(self, text):
        os.write(self.fd, text.encode())

    def until(self, text, seconds=30):
        """Reads until text was seen; what came before it."""
        end = time.time() + seconds
        while text not in self.seen:
            if not select.select([self.fd], [], [], max(0, end - time.time()))[0]:
                raise Failed('%s: no %r in %r' % (shell, text, self.seen[-500:]))
            try:
                self.seen += os.read(self.fd, 4096).decode(errors='replace')
            except OSError:
                raise Failed('%s: ended: %r' % (shell, self.seen[-500:]))
        before, _, self.seen = self.seen.partition(text)
        return before

    def run(self, patience):
        self.type(SETUP[shell] + '\n')
        self.until('ready> ')
        # The command only shows what it would be called with; completion does not look at it.
        self.type("function %s { print_args \"$@\"; }; function print_args { printf 'A''RGS:'; "
                  "printf '<%%s>' \"$@\"; printf ':E''ND\\n'; }\n" % typed.split()[0])
        self.type("printf 'SET''UP\\n'\n")
        self.until('SETUP')
        self.until('ready> ')
        self.type(typed + '\t')
        time.sleep(patience)  # the shell asks, and types the rest
        self.type('\n')
        self.until('ARGS:')
        got = self.until(':END')
        if got != wanted:
            raise Failed('%s: wanted %s, got %s' % (shell, wanted, got))

# How long a shell needs for its answer is nothing it tells: a loaded machine gets more time.
for patience in 0.5, 2, 8, 20:
    session = Session()
    try:
        session.run(patience)
        sys.exit(0)
    except Failed as e:
        why = e
    finally:
        session.close()
sys.exit(str(why))
