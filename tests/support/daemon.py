"""A private ptyd: a keeper and a daemon in a directory of their own, ended without remains.

    with running_ptyd() as ptyd:
        ptyd.cli("new", "-d", "--", "bash")

It is started and ended over the keeper's and the daemon's own sockets, so that a test of the command line or
of the SDK can fail without the fixture failing first.
"""

import contextlib
import http.client
import json
import os
import shutil
import socket
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from ptyd_protocol.codec import decode_daemon_message, encode
from ptyd_protocol.messages import Failure, Reply, Request

from tests.support.remains import find_remains
from tests.support.waiting import kill_process, stretch_deadline, wait_readable, wait_until

START_DEADLINE_SECONDS = 20.0
STOP_DEADLINE_SECONDS = 20.0
CLI_DEADLINE_SECONDS = 60.0
MAX_DATAGRAM_BYTES = 64 * 1024
PTYD_COMMAND = str(Path(sys.executable).with_name("ptyd"))
"""The console script of the environment that runs the tests."""


class RequestFailed(Exception):
    """The daemon answered a request with Failure."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(f"{code}: {message}")
        self.code = code


@dataclass
class PtydUnderTest:
    """``env`` is what clients of this daemon are to be run with; it holds PTYD_DIR and a private HOME."""

    runtime_dir: Path
    env: dict[str, str]
    keeper: subprocess.Popen[bytes]
    children: list[subprocess.Popen[Any]] = field(default_factory=list)

    @property
    def sock_path(self) -> Path:
        return self.runtime_dir / "ptyd.sock"

    @property
    def home(self) -> Path:
        return Path(self.env["HOME"])

    def cli(
        self, *arguments: str, check: bool = False, stdin: str | None = None, **env: str
    ) -> subprocess.CompletedProcess[str]:
        """Run ``ptyd arguments...`` to its end, without a terminal, and return what it wrote."""
        finished = subprocess.run(
            [PTYD_COMMAND, *arguments],
            env={**self.env, **env},
            input=stdin,
            stdin=subprocess.DEVNULL if stdin is None else None,
            capture_output=True,
            text=True,
            timeout=stretch_deadline(CLI_DEADLINE_SECONDS),
            check=False,
        )
        if check and finished.returncode != 0:
            raise AssertionError(f"ptyd {arguments} ended with {finished.returncode}: {finished.stderr}")
        return finished

    def request(self, method: str, **params: object) -> Any:
        """One request by ``POST /api/request``: the result as plain data. Raises RequestFailed."""
        connection = UnixHttpConnection(self.sock_path)
        try:
            connection.request("POST", "/api/request", encode(Request(1, method, params)), REQUEST_HEADERS)
            response = connection.getresponse()
            body = response.read()
        finally:
            connection.close()
        if response.status != 200:
            raise RequestFailed(str(response.status), body.decode(errors="replace"))
        answer = decode_daemon_message(body)
        if isinstance(answer, Failure):
            raise RequestFailed(answer.code, answer.message)
        assert isinstance(answer, Reply), answer
        return answer.result

    def keeper_pid(self) -> int:
        return self.keeper.pid

    def daemon_pid(self) -> int:
        """The pid of the daemon, once it serves; starts one where none runs."""
        return start_daemon(self.runtime_dir)

    def kill_daemon(self) -> int:
        """SIGKILL the daemon; the keeper starts the next one. Returns the dead one's pid."""
        pid = self.daemon_pid()
        kill_process(pid)
        return pid

    def wait_for_new_daemon(self, dead_pid: int) -> int:
        """Wait until a daemon other than ``dead_pid`` serves; returns its pid."""
        return wait_until(
            lambda: (pid := self.try_daemon_pid()) != dead_pid and pid,
            START_DEADLINE_SECONDS,
            lambda: f"a daemon after {dead_pid}; {read_logs(self.runtime_dir)}",
        )

    def try_daemon_pid(self) -> int:
        """As ``daemon_pid``; 0 while the keeper cannot say."""
        try:
            return start_daemon(self.runtime_dir)
        except (OSError, AssertionError):
            return 0

    def sessions(self) -> list[dict[str, Any]]:
        """The running and the exited sessions, as SessionInfo maps."""
        result: list[dict[str, Any]] = self.request("list")
        return result


REQUEST_HEADERS = {"Host": "localhost", "Content-Type": "application/msgpack"}


class UnixHttpConnection(http.client.HTTPConnection):
    """HTTP to a Unix socket."""

    def __init__(self, path: Path) -> None:
        super().__init__("localhost", timeout=stretch_deadline(CLI_DEADLINE_SECONDS))
        self.path = path

    def connect(self) -> None:
        self.sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.sock.settimeout(self.timeout)
        self.sock.connect(str(self.path))


@contextlib.contextmanager
def running_ptyd(daemon_command: Sequence[str] = (), **env: str) -> Iterator[PtydUnderTest]:
    """A started ptyd in a short temporary directory; ``env`` is added to its scrubbed environment.

    ``daemon_command``: what is started in place of the daemon, with the directory as its argument.

    At the end it is shut down with its sessions; processes, sockets and open files left behind fail the test.
    """
    place = Path(tempfile.mkdtemp(prefix="pt-", dir="/tmp"))  # short: a socket's path is limited to 107 bytes
    runtime_dir = place / "run"
    runtime_dir.mkdir(mode=0o700)
    ptyd = PtydUnderTest(
        runtime_dir, build_environment(place, env), start_keeper(runtime_dir, place, env, daemon_command)
    )
    try:
        start_daemon(runtime_dir)
        yield ptyd
    except BaseException:
        print(read_logs(runtime_dir), file=sys.stderr)
        raise
    finally:
        complaint = stop_ptyd(ptyd)
        remains = find_remains(place)
        shutil.rmtree(place, ignore_errors=True)
        if complaint or remains:
            raise AssertionError("\n".join([*complaint, *remains]))


def build_environment(place: Path, extra: Mapping[str, str]) -> dict[str, str]:
    """A scrubbed environment: nothing of the tester's own settings, agents or multiplexers reaches a test."""
    home = place / "home"
    home.mkdir(mode=0o700, exist_ok=True)
    return {
        "PATH": os.pathsep.join([str(Path(sys.executable).parent), "/usr/local/bin", "/usr/bin", "/bin"]),
        "HOME": str(home),
        "SHELL": "/bin/bash",
        "LANG": "C.UTF-8",
        "TERM": "xterm-256color",
        "PTYD_DIR": str(place / "run"),
        # Many a test kills its daemon again and again, and does not want to wait for it.
        "PTYD_CRASH_BUDGET": "100000",
        **extra,
    }


def start_keeper(
    runtime_dir: Path, place: Path, env: Mapping[str, str], daemon_command: Sequence[str] = ()
) -> subprocess.Popen[bytes]:
    """Start the keeper as ``ptyd up`` does, and wait until it says that it is ready."""
    ready, ready_write = os.pipe()
    with contextlib.ExitStack() as stack:
        stack.callback(os.close, ready)
        with contextlib.closing(os.fdopen(ready_write, "wb")), (place / "keeper.out").open("wb") as output:
            command = [sys.executable, "-m", "ptyd.keeper", str(runtime_dir), "--ready-fd", str(ready_write)]
            if daemon_command:
                command += ["--daemon-command", json.dumps(list(daemon_command))]
            keeper = subprocess.Popen(
                command,
                env=build_environment(place, env),
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                pass_fds=[ready_write],
                start_new_session=True,
                cwd="/",
            )
        if (word := read_word(ready)) != "ready":
            keeper.kill()
            keeper.wait()
            raise AssertionError(f"ptyd did not start: {word or 'it ended'}; {read_logs(runtime_dir)}")
    return keeper


def read_word(fd: int) -> str:
    """What the keeper writes before it closes the pipe."""
    word = b""
    while not word.endswith(b"\n"):
        wait_readable(fd, START_DEADLINE_SECONDS, "ptyd to be ready")
        part = os.read(fd, 4096)
        if not part:
            break
        word += part
    return word.decode(errors="replace").strip()


def start_daemon(runtime_dir: Path) -> int:
    """Ask the keeper for a running daemon; its pid once it serves."""
    answer = ask_keeper(runtime_dir, {"op": "start"})
    if not answer.get("ok"):
        raise AssertionError(f"no daemon: {answer.get('message')}; {read_logs(runtime_dir)}")
    return int(answer["daemon_pid"])


def ask_keeper(runtime_dir: Path, operation: Mapping[str, object]) -> dict[str, Any]:
    """Send the keeper one datagram and return its answer."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET) as link:
        link.settimeout(stretch_deadline(START_DEADLINE_SECONDS))
        link.connect(str(runtime_dir / "keeper.sock"))
        link.send(json.dumps(operation).encode())
        answer: dict[str, Any] = json.loads(link.recv(MAX_DATAGRAM_BYTES) or b"{}")
    return answer


def stop_ptyd(ptyd: PtydUnderTest) -> list[str]:
    """End daemon, sessions and keeper; what went wrong with that, as lines."""
    complaint: list[str] = []
    if ptyd.keeper.poll() is None:
        try:
            start_daemon(ptyd.runtime_dir)
            ptyd.request("shutdown", kill_sessions=True)
        except Exception as error:
            complaint.append(f"it could not be shut down: {error!r}")
            ptyd.keeper.terminate()
    try:
        ptyd.keeper.wait(stretch_deadline(STOP_DEADLINE_SECONDS))
    except subprocess.TimeoutExpired:
        complaint.append(f"the keeper did not end; {read_logs(ptyd.runtime_dir)}")
        ptyd.keeper.kill()
        ptyd.keeper.wait()
    return complaint


def read_logs(runtime_dir: Path, last_bytes: int = 4000) -> str:
    """The ends of the keeper's and the daemon's logs, for a failing test's report."""
    texts = []
    for path in (runtime_dir / "keeper.log", runtime_dir / "daemon.log", runtime_dir.parent / "keeper.out"):
        if path.exists():
            texts.append(f"--- {path.name}\n{path.read_bytes()[-last_bytes:].decode(errors='replace')}")
    return "\n".join(texts)
