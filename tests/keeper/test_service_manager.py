"""As systemd starts it: a socket that is there already, somebody who is told, and units that it understands."""

import json
import os
import re
import shutil
import socket
import subprocess
import tempfile
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from ptyd.keeper.service_manager import ServiceManager, name_socket
from tests.support.daemon import PTYD_COMMAND, build_environment
from tests.support.remains import find_remains
from tests.support.waiting import stretch_deadline, wait_until

UNITS = Path(__file__).parents[2] / "docs" / "systemd"
FIRST_LISTEN_FD = 3


def test_without_a_manager_nothing_happens() -> None:
    manager = ServiceManager({})
    assert (manager.listen_fds, manager.watchdog_seconds, manager.is_told) == ([], 0.0, False)
    manager.tell_ready("to nobody")


def test_what_is_for_another_process_is_not_taken() -> None:
    environ = {"LISTEN_PID": "1", "LISTEN_FDS": "2", "WATCHDOG_PID": "1", "WATCHDOG_USEC": "1000", "KEPT": "x"}
    manager = ServiceManager(environ)
    assert (manager.listen_fds, manager.watchdog_seconds) == ([], 0.0)
    assert environ == {"KEPT": "x"}


def test_what_is_for_us() -> None:
    pid = str(os.getpid())
    manager = ServiceManager({"LISTEN_PID": pid, "LISTEN_FDS": "2", "WATCHDOG_PID": pid, "WATCHDOG_USEC": "10000000"})
    assert (manager.listen_fds, manager.watchdog_seconds) == ([3, 4], 5.0)


def test_names_of_sockets(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as tcp:
        assert name_socket(tcp.fileno()) == f"tcp:127.0.0.1:{tcp.getsockname()[1]}"
    with socket.socket(socket.AF_UNIX) as unix:
        unix.bind(str(tmp_path / "x"))
        assert name_socket(unix.fileno()) == f"unix:{tmp_path / 'x'}"
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as udp:
        assert name_socket(udp.fileno()) is None


@dataclass
class FakeSystemd:
    """Listens on ptyd.sock, and hears what is said."""

    place: Path
    listener: socket.socket
    notified: socket.socket
    heard: list[str]

    @property
    def socket_path(self) -> Path:
        return self.place / "run" / "ptyd.sock"

    def start(self) -> subprocess.Popen[bytes]:
        """``ptyd up --foreground``, as ExecStart= does."""
        env = build_environment(self.place, {"NOTIFY_SOCKET": str(self.place / "notify"), "LISTEN_FDS": "1"})
        env["WATCHDOG_USEC"] = "200000"
        listen_fd = self.listener.fileno()
        return subprocess.Popen(
            ["sh", "-c", 'LISTEN_PID=$$ exec "$@"', "sh", PTYD_COMMAND, "up", "--foreground"],
            env=env,
            stdin=subprocess.DEVNULL,
            stderr=(self.place / "log").open("wb"),
            preexec_fn=lambda: os.dup2(listen_fd, FIRST_LISTEN_FD),
            pass_fds=[FIRST_LISTEN_FD],
            start_new_session=True,
        )

    def listen(self) -> None:
        while (text := self.notified.recv(4096).decode()) != "enough":
            self.heard += text.splitlines()

    def has_heard(self, word: str) -> bool:
        """Since the last time that something was heard for sure."""
        if word not in self.heard:
            return False
        del self.heard[: self.heard.index(word) + 1]
        return True

    def wait_for(self, word: str) -> None:
        wait_until(lambda: self.has_heard(word), what=lambda: f"{word} in {self.heard}")

    def run(self, *arguments: str) -> str:
        finished = subprocess.run(
            [PTYD_COMMAND, *arguments],
            env=build_environment(self.place, {}),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=stretch_deadline(60),
            check=False,
        )
        assert finished.returncode == 0, finished.stderr
        return finished.stdout


@pytest.fixture
def systemd() -> Iterator[FakeSystemd]:
    place = Path(tempfile.mkdtemp(prefix="pt-", dir="/tmp"))
    (place / "run").mkdir(mode=0o700)
    with (
        socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as listener,
        socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as notified,
    ):
        listener.bind(str(place / "run" / "ptyd.sock"))
        listener.listen()
        notified.bind(str(place / "notify"))
        systemd = FakeSystemd(place, listener, notified, [])
        listening = threading.Thread(target=systemd.listen)
        listening.start()
        yield systemd
        notified.sendto(b"enough", str(place / "notify"))
        listening.join()
    remains = find_remains(place)
    shutil.rmtree(place)
    assert not remains


def test_life_as_a_service(systemd: FakeSystemd) -> None:
    socket_file = systemd.socket_path.stat()
    with systemd.start() as service:
        try:
            # Whoever comes before it is ready is served when it is.
            assert systemd.run("ls", "--json").strip() == "[]"
            systemd.wait_for("READY=1")
            systemd.wait_for(f"MAINPID={service.pid}")
            systemd.wait_for("WATCHDOG=1")
            status = json.loads(systemd.run("status", "--json"))
            assert status["keeper_pid"] == service.pid
            assert [one["address"] for one in status["listeners"]] == [str(systemd.socket_path)]
            systemd.run("new", "-d", "-n", "kept", "--", "sh", "-c", "env > $HOME/out; exec sleep 600")

            systemd.run("restart")
            systemd.wait_for("RELOADING=1")
            systemd.wait_for("READY=1")

            # Told to stop, the daemon comes back when somebody comes: systemd's socket is not closed.
            systemd.run("down")
            systemd.wait_for("STATUS=the daemon is down; the sessions go on until their programs end")
            assert systemd.socket_path.stat().st_ino == socket_file.st_ino
            assert "kept" in systemd.run("ls")
            systemd.wait_for("READY=1")

            out = wait_until(lambda: next(systemd.place.rglob("out"), None))
            assert out is not None
            assert not re.search("LISTEN_|NOTIFY_|WATCHDOG_", out.read_text())
        finally:
            service.terminate()
        assert service.wait(stretch_deadline(20)) == 0
    systemd.wait_for("STOPPING=1")
    assert systemd.socket_path.stat().st_ino == socket_file.st_ino, "it is not ours to remove"


@pytest.mark.skipif(shutil.which("systemd-analyze") is None, reason="needs systemd-analyze")
@pytest.mark.parametrize("unit", ["ptyd.service", "ptyd@.service"])
def test_units_are_understood(tmp_path: Path, unit: str) -> None:
    for source in UNITS.glob("ptyd*"):
        # Only where ptyd is differs here.
        text = re.sub(r"^(Exec\w+)=\S+", rf"\1={PTYD_COMMAND}", source.read_text(), flags=re.M)
        (tmp_path / source.name).write_text(text)
    runtime = tmp_path / "runtime"
    runtime.mkdir()
    finished = subprocess.run(
        ["systemd-analyze", *(["--user"] if unit == "ptyd.service" else []), "verify", f"./{unit}"],
        cwd=tmp_path,
        env={**os.environ, "XDG_RUNTIME_DIR": str(runtime)},
        capture_output=True,
        text=True,
        check=False,
    )
    complaints = [line for line in finished.stderr.splitlines() if "ptyd" in line]
    assert not complaints
    if "Failed to initialize manager" not in finished.stderr:
        assert finished.returncode == 0, finished.stderr
