"""What runs: the directory, the keeper, the daemon, and what was left by others."""

import json
import os
import socket
from pathlib import Path
from typing import Any, Final

from ptyd_protocol.daemon import StatusResult
from ptyd_protocol.methods import NoParams
from ptyd_protocol.version import __version__
from ptyd_sdk import discovery, oneshot
from ptyd_sdk.errors import DaemonUnreachable, PtydError, TimedOut

from ptyd_cli.doctor.finding import Check, Finding
from ptyd_cli.output import printable

ANSWER_SECONDS: Final = 5.0
MAX_SOCKET_PATH_BYTES: Final = 107
MAX_DATAGRAM_BYTES: Final = 64 * 1024
MOST_FILES_SHARE: Final = 0.8


def check_directory() -> list[Finding]:
    directory = discovery.runtime_dir()
    if len(os.fsencode(discovery.keeper_socket_path(directory))) > MAX_SOCKET_PATH_BYTES:
        return [
            Finding(
                check="directory",
                state="error",
                what=f"its name is too long: {directory}",
                why=f"a socket's path may have {MAX_SOCKET_PATH_BYTES} bytes",
                to_do="set PTYD_DIR to a shorter one",
            )
        ]
    if not directory.exists() and not directory.is_symlink():
        return [Finding(check="directory", state="ok", what=f"{directory}, which is not there yet")]
    try:
        discovery.check_runtime_dir(directory)
    except DaemonUnreachable as error:
        return [
            Finding(
                check="directory",
                state="error",
                what=str(error),
                why="whoever else may write there could pass for the daemon",
                to_do=f"chmod 700 {directory}, if it is yours; otherwise set PTYD_DIR to a directory that is",
            )
        ]
    return [Finding(check="directory", state="ok", what=str(directory))]


def ask_keeper() -> dict[str, Any] | None:
    """What the keeper says of itself; None: nobody listens.

    Raises:
        TimeoutError: it does not answer.
    """
    with socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET) as link:
        link.settimeout(ANSWER_SECONDS)
        try:
            link.connect(str(discovery.keeper_socket_path()))
            link.send(b'{"op":"status"}')
            answer: dict[str, Any] = json.loads(link.recv(MAX_DATAGRAM_BYTES) or b"{}")
        except (FileNotFoundError, ConnectionError):
            return None
    return answer


def check_keeper() -> list[Finding]:
    try:
        about = ask_keeper()
    except TimeoutError:
        return [
            Finding(
                check="keeper",
                state="error",
                what=f"it does not answer within {ANSWER_SECONDS:g} s",
                why="it starts programs and notices their ends; sessions go on without it",
                to_do="if it is stopped (state T in ps), kill -CONT it; otherwise report this with keeper.log",
            )
        ]
    if about is None:
        return [Finding(check="keeper", state="ok", what="not running; `ptyd up`, or the first session, starts it")]
    findings = [Finding(check="keeper", state="ok", what=f"pid {about.get('keeper_pid', '?')}")]
    findings += check_process_files("keeper", about.get("keeper_pid", 0))
    if about.get("is_over_budget"):
        wait = about.get("next_start_seconds")
        when = f"; the next start is in {wait:.0f} s" if wait is not None else ""
        findings.append(
            Finding(
                check="keeper",
                state="error",
                what=f"the daemon has died {about['recent_crashes']} times in a minute{when}",
                why="sessions go on, but clients have to wait for each new daemon",
                to_do=f"see the end of {discovery.runtime_dir() / 'daemon.log'}, and report it",
            )
        )
    elif not about.get("is_ready", True) and about.get("is_wanted"):
        findings.append(
            Finding(
                check="daemon",
                state="warning",
                what="it is just starting",
                why="clients wait meanwhile",
                to_do=f"if it stays so: see {discovery.runtime_dir() / 'daemon.log'}",
            )
        )
    return findings


def check_daemon() -> list[Finding]:
    try:
        status: StatusResult = oneshot.request("status", NoParams(), timeout=ANSWER_SECONDS)
    except TimedOut:
        return [
            Finding(
                check="daemon",
                state="error",
                what=f"it does not answer within {ANSWER_SECONDS:g} s",
                why="clients see nothing; the sessions go on",
                to_do="wait half a minute: the keeper replaces a daemon that hangs",
            )
        ]
    except DaemonUnreachable:
        return [Finding(check="daemon", state="ok", what="not running"), *check_leftovers()]
    except PtydError as error:
        return [
            Finding(
                check="daemon",
                state="error",
                what=printable(str(error)),
                why="clients cannot use it",
                to_do="`ptyd restart`; the sessions go on",
            )
        ]
    findings = [Finding(check="daemon", state="ok", what=f"pid {status.daemon_pid}, version {status.version}")]
    findings += check_process_files("daemon", status.daemon_pid)
    if status.version != __version__:
        findings.append(
            Finding(
                check="daemon",
                state="warning",
                what=f"it is of version {status.version}, this command of {__version__}",
                why="it does not know what is new",
                to_do="`ptyd restart`; the sessions go on",
            )
        )
    return findings + check_health(status)


def check_health(status: StatusResult) -> list[Finding]:
    """What the daemon says of itself."""
    findings = []
    if status.keeper_gone:
        findings.append(
            Finding(
                check="keeper",
                state="error",
                what=f"it has ended (it was pid {status.keeper_pid}), and the daemon goes on alone",
                why="no session can be made, and those that run end with the daemon",
                to_do="finish what runs, then `ptyd down --kill-sessions` and `ptyd up`",
            )
        )
    if status.crashes:
        findings.append(
            Finding(
                check="daemon",
                state="warning",
                what=f"it has crashed {status.crashes} times, last: {printable(status.last_crash)}",
                why="nothing is lost by that, but it should not happen",
                to_do=f"report the end of {Path(status.runtime_dir) / 'daemon.log'}",
            )
        )
    if status.quarantined:
        names = ", ".join(printable(name) for name in status.quarantined)
        findings.append(
            Finding(
                check="sessions",
                state="warning",
                what=f"without an exact screen: {names}",
                why="their output has made the screen engine crash",
                to_do="report what they ran; a newer version of the engine gets another chance",
            )
        )
    return findings


def check_process_files(name: str, pid: int) -> list[Finding]:
    """Whether a process has nearly as many files open as it may."""
    place = Path(f"/proc/{pid}")
    try:
        used = len(list((place / "fd").iterdir()))
        line = next(line for line in (place / "limits").read_text().splitlines() if line.startswith("Max open files"))
        most = int(line.split()[3])
    except (OSError, ValueError, StopIteration):
        return []
    if used < most * MOST_FILES_SHARE:
        return []
    return [
        Finding(
            check=name,
            state="warning",
            what=f"it has {used} files open of the {most} that it may",
            why="then no session can be made and no client comes in",
            to_do="end sessions, or raise the hard limit of open files (LimitNOFILE=)",
        )
    ]


def check_leftovers() -> list[Finding]:
    """Sockets that nobody listens on: of a keeper and a daemon that were killed."""
    dead = [path.name for path in (discovery.socket_path(), discovery.keeper_socket_path()) if is_dead_socket(path)]
    if not dead:
        return []
    return [
        Finding(
            check="leftovers",
            state="note",
            what=f"nobody listens on {' and '.join(dead)}",
            why="ptyd was killed, and its sessions have ended with it",
            to_do="nothing: the next `ptyd up` replaces them",
        )
    ]


def is_dead_socket(path: Path) -> bool:
    kind = socket.SOCK_SEQPACKET if path.name == discovery.KEEPER_SOCKET else socket.SOCK_STREAM
    if not path.is_socket():
        return False
    with socket.socket(socket.AF_UNIX, kind) as probe:
        probe.settimeout(ANSWER_SECONDS)
        try:
            probe.connect(str(path))
        except ConnectionRefusedError:
            return True
        except OSError:
            return False
    return False


def check_other_keepers() -> list[Finding]:
    """Keepers of the same directory that cannot be reached any more."""
    directory = os.fsencode(discovery.runtime_dir())
    pids = [pid for pid in list_pids() if is_keeper_of(pid, directory)]
    if len(pids) < 2:
        return []
    return [
        Finding(
            check="keeper",
            state="error",
            what=f"{len(pids)} keepers run for this directory: {', '.join(map(str, pids))}",
            why="only one of them can be reached; the sessions of the others are out of sight",
            to_do="look at what runs below them (pstree -p PID), and end them with kill -TERM",
        )
    ]


def list_pids() -> list[int]:
    return [int(entry.name) for entry in Path("/proc").iterdir() if entry.name.isdecimal()]


def is_keeper_of(pid: int, directory: bytes) -> bool:
    try:
        arguments = Path(f"/proc/{pid}/cmdline").read_bytes().split(b"\0")
    except OSError:
        return False
    return b"ptyd.keeper" in arguments and directory in arguments


CHECKS: Final[dict[str, Check]] = {
    "directory": check_directory,
    "keeper": check_keeper,
    "daemon": check_daemon,
    "other keepers": check_other_keepers,
}
