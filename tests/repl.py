"""repl.py - runs the REPL on a pseudo-terminal: python3 repl.py FIRN FOLDER STEP..., where FOLDER is its home. FIRN may be a command with arguments, which
is then run instead.

Each step is typed once what the step before it waits for has come: STEP is TEXT, or TEXT=>WANTED. In TEXT, \\r is the return key, \\t the tab, ^C and
^D those. All that came is written to standard output; the exit status is the REPL's, or 124 when something waited for did not come in time.
"""
import os, pty, select, shlex, sys, time

command, home, steps = shlex.split(sys.argv[1]), sys.argv[2], sys.argv[3:]
is_repl = len(command) == 1
PATIENCE = 20.0 * float(os.environ.get("CK_TIMEOUT_MULTIPLIER", "1"))

pid, fd = pty.fork()
if pid == 0:
    os.environ.update(TERM="dumb", HOME=home, XDG_STATE_HOME=home + "/state", INPUTRC="/dev/null")
    os.execv(command[0], command + ["repl"] * is_repl)

seen = b""
def wait_for(wanted, start):
    """Reads until the text has come behind `start`; False at the end or when patience does."""
    global seen
    end = time.time() + PATIENCE
    while wanted not in seen[start:]:
        if time.time() > end: return False
        if not select.select([fd], [], [], 0.1)[0]: continue
        try: part = os.read(fd, 4096)
        except OSError: return False
        if not part: return False
        seen += part
    return True

good = not is_repl or wait_for(b">>> ", 0)
for step in steps:
    text, _, wanted = step.partition("=>")
    time.sleep(0.2)  # what is typed while the terminal changes its mode is lost
    start = len(seen)
    os.write(fd, text.replace("\\r", "\r").replace("\\t", "\t").replace("^C", "\x03").replace("^D", "\x04").encode())
    if wanted and good: good = wait_for(wanted.encode(), start)
if good: wait_for(b"\0 never \0", len(seen))
for _ in range(20):
    ended, status = os.waitpid(pid, os.WNOHANG)
    if ended: break
    time.sleep(0.1)
else:
    os.kill(pid, 9)
    status = os.waitpid(pid, 0)[1]
sys.stdout.buffer.write(seen.replace(b"\r", b""))
sys.exit(os.waitstatus_to_exitcode(status) if good else 124)
