"""The runtime directory: links, modes, owners, files that others have planted, a stranger on our socket's place."""

import asyncio
import os
import socket
import stat
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from ptyd_sdk import connect, oneshot
from ptyd_sdk.errors import DaemonUnreachable
from ptyd_sdk.starter import ensure_daemon

from ptyd.edge.net.logins import Logins
from ptyd.keeper.runtime_dir import RuntimeDirError, prepare_runtime_dir
from tests.support.daemon import PTYD_COMMAND

NOBODY = 65534
as_root = pytest.mark.skipif(os.geteuid() != 0, reason="only root can act as another user")


@pytest.fixture
def place(tmp_path: Path) -> Path:
    made = tmp_path / "run"
    made.mkdir(mode=0o700)
    return made


# --- what the keeper accepts


@pytest.mark.parametrize("mode", [0o755, 0o777, 0o1777, 0o770, 0o500])
def test_an_open_directory_is_shut(place: Path, mode: int) -> None:
    place.chmod(mode)
    prepare_runtime_dir(place)
    assert stat.S_IMODE(place.stat().st_mode) == 0o700


def test_a_link_is_refused(place: Path, tmp_path: Path) -> None:
    link = tmp_path / "link"
    link.symlink_to(place)
    with pytest.raises(RuntimeDirError, match="symbolic link"):
        prepare_runtime_dir(link)


def test_a_file_in_its_place_is_refused(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(RuntimeDirError):
        prepare_runtime_dir(tmp_path / "file")


@as_root
def test_another_users_directory_is_refused(place: Path) -> None:
    """As where somebody made ``ptyd-<uid>`` in a sticky /tmp before us."""
    os.chown(place, NOBODY, -1)
    with pytest.raises(RuntimeDirError, match=f"belongs to user {NOBODY}"):
        prepare_runtime_dir(place)
    found = subprocess.run(
        [PTYD_COMMAND, "ls"], env={**os.environ, "PTYD_DIR": str(place)}, capture_output=True, text=True, check=False
    )
    assert "Traceback" not in found.stderr
    assert list(place.iterdir()) == []


@as_root
@pytest.mark.parametrize("name", ["token", "logins", "keeper.lock", "ptyd.sock", "sessions", "sessions/0a0b0c0d.log"])
def test_what_another_user_has_planted_is_refused(place: Path, name: str) -> None:
    path = place / name
    path.parent.mkdir(exist_ok=True)
    if name == "sessions":
        path.mkdir()
    else:
        path.write_text("known to others")
    os.chown(path, NOBODY, -1)
    with pytest.raises(RuntimeDirError, match="is not ptyd's own: it belongs to user 65534"):
        prepare_runtime_dir(place)


@pytest.mark.parametrize("name", ["token", "daemon.log", "keeper.sock", "sessions/0a0b0c0d.log", "sessions"])
def test_a_planted_link_is_refused(place: Path, tmp_path: Path, name: str) -> None:
    victim = tmp_path / "victim"
    victim.write_text("mine")
    path = place / name
    path.parent.mkdir(exist_ok=True)
    path.symlink_to(victim)
    with pytest.raises(RuntimeDirError, match="symbolic link"):
        prepare_runtime_dir(place)
    path.unlink()
    path.hardlink_to(victim)
    with pytest.raises(RuntimeDirError, match="hard link"):
        prepare_runtime_dir(place)
    assert victim.read_text() == "mine"


def test_what_ptyd_itself_leaves_is_accepted(place: Path) -> None:
    (place / "sessions").mkdir()
    for name in ("token", "daemon.log", "sessions/0a0b0c0d.log"):
        (place / name).write_text("")
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(str(place / "s"))
        prepare_runtime_dir(place)


# --- what the daemon believes


def test_a_token_that_others_may_know_is_none(place: Path, tmp_path: Path) -> None:
    token = place / "token"
    for mode in (0o644, 0o622, 0o640):
        token.write_text("chosen")
        token.chmod(mode)
        assert not Logins(place).knows_token("chosen"), oct(mode)
        assert stat.S_IMODE(token.stat().st_mode) == 0o600
    (tmp_path / "other").write_text("chosen")
    (tmp_path / "other").chmod(0o600)
    for plant in (token.symlink_to, token.hardlink_to):
        token.unlink()
        plant(tmp_path / "other")
        assert not Logins(place).knows_token("chosen")
        assert (tmp_path / "other").read_text() == "chosen"


def test_logins_that_others_may_have_written_are_none(place: Path) -> None:
    logins = Logins(place)
    cookie = logins.redeem(logins.make_ticket()) or ""
    assert Logins(place).knows_cookie(cookie)
    (place / "logins").chmod(0o660)
    assert not Logins(place).knows_cookie(cookie)


# --- a stranger in the daemon's place

LISTEN_AS_NOBODY = """
import os, socket, sys
kind = getattr(socket, sys.argv[2])
listener = socket.socket(socket.AF_UNIX, kind)
listener.bind(sys.argv[1])
os.chmod(sys.argv[1], 0o777)
os.setresuid(65534, 65534, 65534)
listener.listen()
print("listening", flush=True)
peer, _ = listener.accept()
peer.settimeout(30)
print(repr(peer.recv(65536)), flush=True)
"""


class Squatter:
    """A program of another user that listens where our daemon should, and tells what it was sent."""

    def __init__(self, path: Path, kind: str) -> None:
        command = [sys.executable, "-c", LISTEN_AS_NOBODY, str(path), kind]
        self.process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
        assert self.read() == "listening"

    def read(self) -> str:
        assert self.process.stdout is not None
        return self.process.stdout.readline().strip()

    def close(self) -> None:
        self.process.kill()
        self.process.communicate()


@pytest.fixture
def squatter(place: Path, request: pytest.FixtureRequest) -> Iterator[Squatter]:
    name, kind = request.param
    made = Squatter(place / name, kind)
    yield made
    made.close()


on_the_daemons_socket = pytest.mark.parametrize("squatter", [("ptyd.sock", "SOCK_STREAM")], indirect=True)


@as_root
@on_the_daemons_socket
def test_no_request_goes_to_a_stranger(place: Path, squatter: Squatter) -> None:
    with pytest.raises(DaemonUnreachable, match="a program of user 65534, not yours: nothing was sent"):
        oneshot.request("status", runtime_dir=place)
    assert squatter.read() == "b''"


@as_root
@on_the_daemons_socket
def test_no_websocket_goes_to_a_stranger(place: Path, squatter: Squatter) -> None:
    async def attempt() -> None:
        async with connect(f"unix://{place}/ptyd.sock"):
            pass

    with pytest.raises(DaemonUnreachable, match="a program of user 65534, not yours"):
        asyncio.run(attempt())
    assert squatter.read() == "b''"


@as_root
@pytest.mark.parametrize("squatter", [("keeper.sock", "SOCK_SEQPACKET")], indirect=True)
def test_no_start_is_asked_of_a_stranger(place: Path, squatter: Squatter) -> None:
    with pytest.raises(DaemonUnreachable, match="a program of user 65534, not yours"):
        ensure_daemon(place, timeout=5)
    assert squatter.read() == "b''"


@as_root
@on_the_daemons_socket
def test_the_command_line_says_so(place: Path, squatter: Squatter) -> None:
    found = subprocess.run(
        [PTYD_COMMAND, "status", "--json"],
        env={**os.environ, "PTYD_DIR": str(place)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert found.returncode == 6
    assert "a program of user 65534" in found.stderr
    assert found.stdout == ""
    assert squatter.read() == "b''"
