"""Files and pasting over the wire, on a real daemon: pieces, kills of the daemon, bounds, ends, hostile names."""

import secrets
import stat
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.daemon.client import Client, connected
from tests.daemon.conftest import Create
from tests.daemon.test_audit import wait_for
from tests.support.daemon import PtydUnderTest, RequestFailed, running_ptyd
from tests.support.waiting import wait_until

MIB = 1024 * 1024


@pytest.fixture(scope="module")
def ptyd() -> Iterator[PtydUnderTest]:
    with running_ptyd(PTYD_MAX_FILE_BYTES=str(2 * MIB), PTYD_MAX_SESSION_FILES_BYTES=str(3 * MIB)) as ptyd:
        yield ptyd


def new_upload() -> str:
    return secrets.token_hex(12)


def put(ptyd: PtydUnderTest, session: str, data: bytes, name: str = "a.png") -> Path:
    upload, offset = new_upload(), 0
    while True:
        piece = data[offset : offset + 512 * 1024]
        result = ptyd.request(
            "file_put", session=session, upload=upload, name=name, size=len(data), offset=offset, data=piece
        )
        if result["path"]:
            return Path(result["path"])
        offset = result["received"]


def folder_of(ptyd: PtydUnderTest, session: dict[str, Any]) -> Path:
    return ptyd.runtime_dir / "sessions" / f"{session['id']}.files"


def test_a_file_there_and_back(ptyd: PtydUnderTest, create: Create) -> None:
    session = create("cat")
    data = secrets.token_bytes(MIB + 17)
    path = put(ptyd, session["id"], data, "my shot.png")
    assert path == folder_of(ptyd, session) / "my-shot.png"
    assert path.read_bytes() == data
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700
    first = ptyd.request("file_get", session=session["id"], path=str(path))
    assert (first["size"], first["data"]) == (len(data), data[: 512 * 1024])
    rest = ptyd.request(
        "file_get", session=session["id"], path=str(path), offset=MIB, max_bytes=100, version=first["version"]
    )
    assert rest["data"] == data[MIB:]


def test_hostile_names(ptyd: PtydUnderTest, create: Create) -> None:
    session = create("cat")
    for name in (
        "../../../evil",
        "/etc/passwd",
        "a\x1b]0;x\x07\n.png",
        ".part",
        "..",
        "-rf",
        "con\u202etxt",
        "a" * 4096,
    ):
        path = put(ptyd, session["id"], b"x", name)
        assert path.parent == folder_of(ptyd, session)
        assert path.name.isprintable() and path.name[0] not in ".-"
    assert sum(1 for _ in folder_of(ptyd, session).iterdir()) == 8
    assert not any(ptyd.runtime_dir.glob("**/evil*/**"))


def test_a_daemon_that_is_killed_in_the_middle(ptyd: PtydUnderTest, create: Create) -> None:
    session = create("cat")
    upload, data = new_upload(), secrets.token_bytes(1000)

    def send(offset: int) -> dict[str, Any]:
        piece: dict[str, Any] = ptyd.request(
            "file_put",
            session=session["id"],
            upload=upload,
            name="a",
            size=1000,
            offset=offset,
            data=data[offset : offset + 400],
        )
        return piece

    assert send(0)["received"] == 400
    ptyd.wait_for_new_daemon(ptyd.kill_daemon())
    assert send(0)["received"] == 400
    assert send(400)["received"] == 800
    assert Path(send(800)["path"]).read_bytes() == data


def test_bounds(ptyd: PtydUnderTest, create: Create) -> None:
    session = create("cat")
    with pytest.raises(RequestFailed, match=r"no_resources.*max_file_bytes"):
        put(ptyd, session["id"], b"x" * (2 * MIB + 1))
    put(ptyd, session["id"], b"x" * (2 * MIB))
    with pytest.raises(RequestFailed, match=r"no_resources.*max_session_files_bytes"):
        put(ptyd, session["id"], b"x" * (MIB + 1))
    put(ptyd, session["id"], b"x" * MIB)
    large = ptyd.home / "large"
    large.write_bytes(b"x" * (2 * MIB + 1))
    with pytest.raises(RequestFailed, match="no_resources"):
        ptyd.request("file_get", session=session["id"], path=str(large))


def test_only_below_the_working_directory(ptyd: PtydUnderTest, create: Create, tmp_path: Path) -> None:
    inside = tmp_path / "work"
    inside.mkdir()
    (inside / "result.txt").write_text("done")
    (tmp_path / "secret").write_text("secret")
    (inside / "way").symlink_to(tmp_path)
    session = create("cat", cwd=str(inside))
    assert ptyd.request("file_get", session=session["id"], path="result.txt")["data"] == b"done"
    other = create("cat", cwd=str(inside))
    theirs = put(ptyd, other["id"], b"theirs")
    for path in ("../secret", str(tmp_path / "secret"), "way/secret", str(theirs), str(ptyd.runtime_dir / "token")):
        with pytest.raises(RequestFailed, match="not_allowed"):
            ptyd.request("file_get", session=session["id"], path=path)
    with pytest.raises(RequestFailed, match="no_such_file"):
        ptyd.request("file_get", session=session["id"], path="nothing")


def test_files_end_with_their_session(ptyd: PtydUnderTest, create: Create) -> None:
    session = create("cat")
    path = put(ptyd, session["id"], b"result")
    ptyd.request("kill", session=session["id"], grace_seconds=0)
    # What is there can still be fetched; nothing more is taken.
    assert ptyd.request("file_get", session=session["id"], path=str(path))["data"] == b"result"
    with pytest.raises(RequestFailed, match="session_exited"):
        put(ptyd, session["id"], b"more")
    with pytest.raises(RequestFailed, match="session_exited"):
        ptyd.request("paste", session=session["id"], text="more")
    ptyd.request("kill", session=session["id"])
    wait_until(lambda: not path.parent.exists(), what="the folder to go with its session")


def test_a_daemon_removes_what_nobody_holds(ptyd: PtydUnderTest, create: Create) -> None:
    kept = put(ptyd, create("cat")["id"], b"kept")
    lost = ptyd.runtime_dir / "sessions" / "00000000.files"
    lost.mkdir()
    (lost / "a").touch()
    ptyd.wait_for_new_daemon(ptyd.kill_daemon())
    wait_until(lambda: not lost.exists(), what="a folder without a session to go")
    assert kept.read_bytes() == b"kept"


def test_pastes(ptyd: PtydUnderTest, create: Create, client: Client) -> None:
    plain = create("sh", "-c", "stty raw -echo; echo ready; cat -v")
    client.attach(1, plain["id"])
    client.read_until(1, b"ready")
    ptyd.request("paste", session=plain["id"], text="a b\n\x1b[201~")
    client.read_until(1, b"a b^M[201~")
    bracketed = create("sh", "-c", "stty raw -echo; printf '\\033[?1004;2004hready'; cat -v")
    client.attach(2, bracketed["id"])
    client.read_until(2, b"ready")
    ptyd.request("paste", session=bracketed["id"], text="a\nb\x1b[201~c")
    client.read_until(2, b"^[[200~a^Mb[201~c^[[201~")


def test_without_a_screen_engine_the_log_tells() -> None:
    with running_ptyd(PTYD_ENGINE="none") as ptyd, connected(ptyd.sock_path) as client:
        ptyd.request("create", name="s", argv=["sh", "-c", "stty raw -echo; printf '\\033[?2004hready'; cat -v"])
        client.attach(1, "s")
        client.read_until(1, b"ready")
        ptyd.request("paste", session="s", text="a")
        client.read_until(1, b"^[[200~a^[[201~")


def test_the_audit_tells_of_both(ptyd: PtydUnderTest, create: Create) -> None:
    session = create("cat")
    path = put(ptyd, session["id"], b"x" * 700_000)
    ptyd.request("file_get", session=session["id"], path=str(path))
    ptyd.request("paste", session=session["id"], text="secret words")
    wait_for(ptyd, "file_put", session["id"], file="a.png", bytes=700_000)
    wait_for(ptyd, "read", session["id"], by="file_get", file="a.png", bytes=512 * 1024)
    wait_for(ptyd, "typed", session["id"], bytes=12, channel=None)
