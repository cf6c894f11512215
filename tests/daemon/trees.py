"""Programs that build trees of processes which do not want to end, and how many of them are left.

Every process writes its id and when it was started into a file, so that whoever is left is found whatever it has done
to its name, environment, parent, session or terminal.
"""

from pathlib import Path
from typing import Final

from ptyd.edge.processes.proc_files import read_stat

HEAD: Final = """
import os, signal, sys, time
DEAF = (signal.SIGHUP, signal.SIGTERM, signal.SIGINT, signal.SIGQUIT, signal.SIGUSR1)
report = os.open(sys.argv[1], os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)

def note():
    ticks = open('/proc/self/stat', 'rb').read().rpartition(b')')[2].split()[19].decode()
    os.write(report, f'{os.getpid()} {ticks}\\n'.encode())

def be_deaf():
    for number in DEAF:
        signal.signal(number, signal.SIG_IGN)

def sleep_renamed(seconds):
    os.execve('/bin/sleep', ['[kworker/u8:3]', str(seconds)], {})
"""

BODY: Final = """
be_deaf()
# Two that lose their parents, lead sessions of their own, and have no environment and another name.
for _ in range(2):
    if os.fork() == 0:
        os.setsid()
        if os.fork():
            os._exit(0)
        os.setsid()
        note()
        sleep_renamed(600)
# One in a group of its own that is stopped.
if os.fork() == 0:
    os.setpgid(0, 0)
    note()
    os.kill(os.getpid(), signal.SIGSTOP)
    os._exit(0)
# One that bears orphans again and again, so also while the tree is being ended.
if os.fork() == 0:
    os.setsid()
    note()
    while True:
        if os.fork() == 0:
            if os.fork():
                os._exit(0)
            os.setsid()
            note()
            sleep_renamed(5)
        os.wait()
        time.sleep(0.1)
note()
"""

SIZE: Final = 6
"""Processes of a tree that has grown."""

STAYS: Final = HEAD + BODY + "time.sleep(600)"
GOES: Final = HEAD + BODY + f"while len(open(sys.argv[1]).readlines()) < {SIZE}: time.sleep(0.01)"
"""Ends by itself when it has grown, and leaves everything behind."""


def read_report(report: Path) -> list[str]:
    return report.read_text().splitlines() if report.exists() else []


def list_survivors(report: Path) -> list[str]:
    """Those of a report that still live, as ``pid ticks``."""
    survivors = []
    for line in read_report(report):
        pid, ticks = line.split()
        stat = read_stat(int(pid))
        if stat is not None and stat.start_ticks == int(ticks) and stat.state not in "ZX":
            survivors.append(line)
    return survivors
