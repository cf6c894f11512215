"""A real keeper in a private directory, and the test in the place of its daemon."""

import array
import contextlib
import fcntl
import json
import os
import select
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import termios
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tests.keeper.relay_daemon import LOSE_LINK
from tests.support.waiting import DEFAULT_DEADLINE_SECONDS, stretch_deadline, wait_readable, wait_until

MAX_BYTES = 1024 * 1024
RELAY = [sys.executable, str(Path(__file__).with_name("relay_daemon.py"))]

Message = dict[str, Any]


class LinkEnded(AssertionError):
    """The other end has closed while a message was awaited."""


class Link:
    """One end of a SEQPACKET connection. Owns the descriptors it receives until ``close``."""

    def __init__(self, sock: socket.socket) -> None:
        sock.settimeout(stretch_deadline(DEFAULT_DEADLINE_SECONDS))
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, MAX_BYTES)
        self.sock = sock
        self._fds: list[int] = []

    def send(self, message: Message, fds: Sequence[int] = ()) -> None:
        self.send_bytes(json.dumps(message).encode(), fds)

    def send_bytes(self, datagram: bytes, fds: Sequence[int] = ()) -> None:
        socket.send_fds(self.sock, [datagram], list(fds))

    def receive(self) -> tuple[Message, list[int]]:
        try:
            datagram, fds, _, _ = socket.recv_fds(self.sock, MAX_BYTES, 8)
        except ConnectionResetError:
            raise LinkEnded from None
        self._fds += fds
        if not datagram:
            raise LinkEnded
        return json.loads(datagram), fds

    def has_ended(self) -> bool:
        """Wait for what comes next: whether it is the end."""
        try:
            self.receive()
        except LinkEnded:
            return True
        return False

    def close(self) -> None:
        self.sock.close()
        self.close_received()

    def close_received(self) -> None:
        """Close every descriptor that has come so far, unless the test did."""
        for fd in self._fds:
            with contextlib.suppress(OSError):
                os.close(fd)
        self._fds.clear()


@dataclass
class Session:
    """What the daemon gets of a session: descriptors, record, and how it ended."""

    name: str
    pid: int
    fds: list[int]
    record: Message = field(default_factory=dict)
    exit: Message | None = None

    @property
    def master(self) -> int:
        return self.fds[0]

    def read_until(self, wanted: bytes) -> bytes:
        """Read the terminal until ``wanted`` has come."""
        output = b""
        while wanted not in output:
            wait_readable(self.master, what=f"{wanted!r} after {output!r}")
            output += os.read(self.master, 65536)
        return output

    def read_all(self) -> bytes:
        """Read the terminal until its last process has closed it."""
        output = b""
        while True:
            wait_readable(self.master, what=f"the end of the output {output!r}")
            try:
                output += os.read(self.master, 65536)
            except OSError:  # EIO: nobody is at the other end any more
                return output

    def type(self, text: bytes) -> None:
        os.write(self.master, text)


class SpawnRefused(AssertionError):
    """The keeper did not start it."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(f"{code}: {message}")
        self.code = code
        self.message = message


class FakeDaemon(Link):
    """The test as the keeper's daemon, through a relay process that can be killed."""

    def __init__(self, sock: socket.socket) -> None:
        super().__init__(sock)
        introduction, _ = self.receive()
        self.pid: int = introduction["pid"]
        self.arguments: list[str] = introduction["arguments"]
        self.welcome: Message = {}
        self.sessions: dict[str, Session] = {}
        self.held: dict[str, int] = {}
        self._exits: dict[str, Message] = {}
        self._next_id = 0

    def say_hello(self) -> None:
        """Take over what the keeper keeps."""
        self.send({"op": "hello", "pid": self.pid})
        self.welcome, _ = self.receive()
        while (answer := self.receive())[0]["event"] != "synced":
            message, fds = answer
            if message["event"] == "held":
                self.held[message["name"]] = fds[0]
            else:
                assert message["event"] == "session"
                name = message["session"]
                session = Session(name, message["pid"], fds, message["record"], message["exit"])
                self.sessions[name] = session

    def say_ready(self) -> None:
        self.send({"op": "ready"})

    def spawn(self, name: str, argv: Sequence[str], **options: Any) -> Session:
        """Start a session; raises SpawnRefused."""
        self._next_id += 1
        defaults = {"env": {"PATH": os.environ["PATH"]}, "cwd": "/", "cols": 80, "rows": 24, "record": {}}
        request = {"op": "spawn", "id": self._next_id, "session": name, "argv": argv}
        self.send({**request, **defaults, **options})
        reply, fds = self._receive_reply()
        assert reply["id"] == self._next_id
        if not reply["ok"]:
            assert not fds
            raise SpawnRefused(reply["error"], reply["message"])
        session = Session(name, reply["pid"], fds)
        self.sessions[name] = session
        return session

    def run(self, name: str, argv: Sequence[str], **options: Any) -> str:
        """Start a session, and return all its output, once it has ended."""
        session = self.spawn(name, argv, **options)
        output = session.read_all()
        self.wait_exit(name)
        return output.decode()

    def wait_exit(self, name: str) -> Message:
        while name not in self._exits:
            message, _ = self.receive()
            self._note_exit(message)
        return self._exits[name]

    def forget(self, name: str) -> None:
        self.send({"op": "forget", "session": name})

    def synchronize(self) -> None:
        """Wait until the keeper has done all that was asked before."""
        with contextlib.suppress(SpawnRefused):
            self.spawn("", [])

    def lose_link(self) -> None:
        """Close the link to the keeper, but let the process live."""
        self.send_bytes(LOSE_LINK)

    def wait_passed_on(self) -> None:
        """Wait until the relay has passed on all that was sent to it."""
        unsent = array.array("i", [0])

        def is_idle() -> bool:
            fcntl.ioctl(self.sock, termios.TIOCOUTQ, unsent)
            return unsent[0] == 0 and read_process_state(self.pid) == "S"

        wait_until(is_idle, what="the relay to have passed everything on")

    def kill(self) -> None:
        """SIGKILL the keeper's daemon, once the keeper has got all that it said, and wait for its end."""
        self.wait_passed_on()
        os.kill(self.pid, signal.SIGKILL)
        assert self.has_ended()

    def _receive_reply(self) -> tuple[Message, list[int]]:
        while True:
            message, fds = self.receive()
            if "id" in message:
                return message, fds
            self._note_exit(message)

    def _note_exit(self, message: Message) -> None:
        assert message["event"] == "exit"
        self._exits[message["session"]] = message


class KeeperHarness:
    """Starts keepers in one private directory and accepts their daemons."""

    def __init__(self) -> None:
        self.path = Path(tempfile.mkdtemp(prefix="ptyd-k-"))
        self._control = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        self._control.bind(str(self.path / "control.sock"))
        self._control.listen()
        self._control.settimeout(stretch_deadline(DEFAULT_DEADLINE_SECONDS))
        self._links: list[Link] = []
        self._processes: list[subprocess.Popen[bytes]] = []
        self._ready_fds: list[int] = []

    def start(
        self,
        *,
        daemon_command: Sequence[str] = RELAY,
        arguments: Sequence[str] = (),
        preexec_fn: Callable[[], None] | None = None,
        directory: Path | None = None,
        inherit_fds: Sequence[int] = (),
        with_ready_fd: bool = True,
    ) -> "KeeperProcess":
        """Start a keeper process; nothing is awaited."""
        ready_read, ready_write = os.pipe()
        command = [sys.executable, "-m", "ptyd.keeper", str(directory or self.path), *arguments]
        command += ["--daemon-command", json.dumps(list(daemon_command))]
        if with_ready_fd:
            command += ["--ready-fd", str(ready_write)]
        process = subprocess.Popen(
            command, pass_fds=[ready_write, *inherit_fds], preexec_fn=preexec_fn, stdin=subprocess.DEVNULL
        )
        os.close(ready_write)
        self._ready_fds.append(ready_read)
        self._processes.append(process)
        return KeeperProcess(process, ready_read)

    def start_serving(self, **options: Any) -> tuple["KeeperProcess", FakeDaemon]:
        """Start a keeper, be its daemon, and see it ready."""
        keeper = self.start(**options)
        daemon = self.accept_daemon()
        daemon.say_hello()
        daemon.say_ready()
        assert keeper.read_ready() == "ready\n"
        return keeper, daemon

    def accept_daemon(self) -> FakeDaemon:
        """The next daemon that a keeper starts; it has not said hello."""
        daemon = FakeDaemon(self._control.accept()[0])
        self._links.append(daemon)
        return daemon

    def connect(self) -> Link:
        """A connection to the keeper, as of the command line."""
        sock = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        sock.connect(str(self.path / "keeper.sock"))
        link = Link(sock)
        self._links.append(link)
        return link

    def drop_ready_fd(self, keeper: "KeeperProcess") -> None:
        """As a starter does that was killed."""
        self._ready_fds.remove(keeper.ready_fd)
        os.close(keeper.ready_fd)

    def read_log(self) -> str:
        return (self.path / "keeper.log").read_text()

    def end(self) -> None:
        """End every keeper that still runs, in order, and remove the directory."""
        for process in self._processes:
            if process.poll() is None:
                process.terminate()
        for link in self._links:
            link.close()
        try:
            for process in self._processes:
                process.wait(stretch_deadline(DEFAULT_DEADLINE_SECONDS))
        finally:
            for process in self._processes:
                process.kill()
                process.wait()
            with contextlib.suppress(FileNotFoundError):
                print(self.read_log())  # pytest shows it beside a failure
            for fd in self._ready_fds:
                os.close(fd)
            self._control.close()
            shutil.rmtree(self.path)


@dataclass
class KeeperProcess:
    process: subprocess.Popen[bytes]
    ready_fd: int

    @property
    def pid(self) -> int:
        return self.process.pid

    def read_ready(self) -> str:
        """All that the keeper tells its starter."""
        text = b""
        while True:
            wait_readable(self.ready_fd, what="the keeper's word to its starter")
            chunk = os.read(self.ready_fd, 65536)
            if not chunk:
                return text.decode()
            text += chunk

    def count_fds(self) -> int:
        return len(list(Path(f"/proc/{self.pid}/fd").iterdir()))

    def wait_end(self) -> int:
        """Its exit status."""
        return self.process.wait(stretch_deadline(DEFAULT_DEADLINE_SECONDS))

    def terminate(self) -> None:
        self.process.terminate()


@contextlib.contextmanager
def keeper_harness() -> Iterator[KeeperHarness]:
    harness = KeeperHarness()
    try:
        yield harness
    finally:
        harness.end()


def is_alive(pid: int) -> bool:
    """Whether the process is there and no zombie."""
    return read_process_state(pid) not in "ZX"


def read_process_state(pid: int) -> str:
    """The kernel's letter for it; ``X`` also if it is not there any more."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except (FileNotFoundError, ProcessLookupError):
        return "X"


def read_proc_link(pid: int, name: str) -> str:
    return str(Path(f"/proc/{pid}/{name}").readlink())


def wait_gone(pid: int) -> None:
    wait_until(lambda: not is_alive(pid), what=f"the end of process {pid}")


def has_ended(pidfd: int) -> bool:
    """Whether the process of a pidfd has ended."""
    return bool(select.select([pidfd], [], [], 0)[0])
