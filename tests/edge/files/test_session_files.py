"""The private folders: pieces become files, within bounds, and nothing is written over."""

import os
import stat
from collections.abc import Iterator
from pathlib import Path

import pytest
from ptyd_protocol.errors import ErrorCode, Refusal

from ptyd.edge.files import session_files
from ptyd.edge.files.session_files import MAX_FILES, STALE_SECONDS, Piece, Received, SessionFiles

FILE_LIMIT, SESSION_LIMIT = 100, 250
UPLOAD = "0123456789abcdef"


@pytest.fixture
def files(tmp_path: Path) -> Iterator[SessionFiles]:
    made = SessionFiles(tmp_path, FILE_LIMIT, SESSION_LIMIT)
    yield made
    made.close()


async def put(files: SessionFiles, data: bytes, name: str = "a.png", upload: str = UPLOAD) -> Path:
    received = await files.put("s", Piece(upload, name, len(data), 0, data))
    assert received.path is not None
    return received.path


async def refusal(files: SessionFiles, piece: Piece) -> Refusal:
    with pytest.raises(Refusal) as caught:
        await files.put("s", piece)
    return caught.value


async def test_pieces_become_a_file(files: SessionFiles, tmp_path: Path) -> None:
    assert await files.put("s", Piece(UPLOAD, "a.png", 6, 0, b"abc")) == Received(3, None)
    assert [path.name for path in files.folder("s").iterdir()] == [f".{UPLOAD}.part"]
    done = await files.put("s", Piece(UPLOAD, "a.png", 6, 3, b"def"))
    assert done == Received(6, tmp_path / "s.files" / "a.png")
    assert done.path is not None and done.path.read_bytes() == b"abcdef"
    assert stat.S_IMODE(files.folder("s").stat().st_mode) == 0o700
    assert stat.S_IMODE(done.path.stat().st_mode) == 0o600
    assert [path.name for path in files.folder("s").iterdir()] == ["a.png"]


async def test_pieces_sent_again(files: SessionFiles) -> None:
    """As after a broken connection: the same, too early, and when all is done."""
    await files.put("s", Piece(UPLOAD, "a", 6, 0, b"abc"))
    assert (await files.put("s", Piece(UPLOAD, "a", 6, 0, b"abc"))).received == 3
    assert (await files.put("s", Piece(UPLOAD, "a", 6, 5, b"f"))).received == 3
    done = await files.put("s", Piece(UPLOAD, "a", 6, 3, b"def"))
    assert await files.put("s", Piece(UPLOAD, "a", 6, 3, b"def")) == done
    assert await files.put("s", Piece(UPLOAD, "a", 6, 0, b"abc")) == done
    assert [path.read_bytes() for path in files.folder("s").iterdir()] == [b"abcdef"]


async def test_another_daemon_goes_on(files: SessionFiles, tmp_path: Path) -> None:
    await files.put("s", Piece(UPLOAD, "a", 6, 0, b"abc"))
    after = SessionFiles(tmp_path, FILE_LIMIT, SESSION_LIMIT)
    assert (await after.put("s", Piece(UPLOAD, "a", 6, 3, b"def"))).path is not None
    after.close()


async def test_nothing_is_written_over(files: SessionFiles) -> None:
    paths = [await put(files, str(number).encode(), upload=f"{UPLOAD}{number}") for number in range(3)]
    assert [path.name for path in paths] == ["a.png", "a-2.png", "a-3.png"]
    assert [path.read_bytes() for path in paths] == [b"0", b"1", b"2"]


async def test_an_empty_file(files: SessionFiles) -> None:
    assert (await put(files, b"")).read_bytes() == b""


async def test_bounds(files: SessionFiles) -> None:
    assert (await refusal(files, Piece(UPLOAD, "a", FILE_LIMIT + 1, 0, b""))).code == ErrorCode.NO_RESOURCES
    assert (await refusal(files, Piece(UPLOAD, "a", 3, 2, b"ab"))).code == ErrorCode.BAD_REQUEST
    await put(files, b"x" * 100, upload=f"{UPLOAD}1")
    await put(files, b"x" * 100, upload=f"{UPLOAD}2")
    refused = await refusal(files, Piece(UPLOAD, "a", 51, 0, b"x"))
    assert refused.code == ErrorCode.NO_RESOURCES and "max_session_files_bytes" in refused.message
    await put(files, b"x" * 50, upload=f"{UPLOAD}3")


async def test_two_at_once_do_not_pass_the_bound_together(files: SessionFiles) -> None:
    await put(files, b"x" * 100, upload=f"{UPLOAD}0")
    await files.put("s", Piece(f"{UPLOAD}1", "a", 100, 0, b"x" * 60))
    assert (await refusal(files, Piece(f"{UPLOAD}2", "b", 91, 0, b"x"))).code == ErrorCode.NO_RESOURCES
    await files.put("s", Piece(f"{UPLOAD}2", "b", 90, 0, b"x" * 60))
    await refusal(files, Piece(f"{UPLOAD}1", "a", 100, 60, b"x" * 40))
    assert sum(path.stat().st_size for path in files.folder("s").iterdir()) <= SESSION_LIMIT


async def test_too_many_files(files: SessionFiles, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(session_files, "MAX_FILES", 2)
    assert MAX_FILES > 2
    await put(files, b"", upload=f"{UPLOAD}1")
    await put(files, b"", upload=f"{UPLOAD}2")
    assert "2 files" in (await refusal(files, Piece(UPLOAD, "a", 0, 0, b""))).message


async def test_what_nobody_goes_on_with_makes_room(files: SessionFiles) -> None:
    await files.put("s", Piece(f"{UPLOAD}1", "a", 100, 0, b"x" * 90))
    await files.put("s", Piece(f"{UPLOAD}2", "a", 100, 0, b"x" * 90))
    assert (await refusal(files, Piece(UPLOAD, "a", 80, 0, b""))).code == ErrorCode.NO_RESOURCES
    for part in files.folder("s").iterdir():
        old = part.stat().st_mtime - STALE_SECONDS - 1
        os.utime(part, (old, old))
    await files.put("s", Piece(UPLOAD, "a", 80, 0, b""))
    # Its client comes back after all, and is told to begin anew.
    assert (await files.put("s", Piece(f"{UPLOAD}1", "a", 100, 90, b"x" * 10))).received == 0


async def test_a_full_disk(files: SessionFiles, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object) -> int:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(session_files.os, "pwrite", fail)
    refused = await refusal(files, Piece(UPLOAD, "a.png", 3, 0, b"abc"))
    assert (refused.code, refused.message) == (
        ErrorCode.NO_RESOURCES,
        "a.png cannot be stored: No space left on device",
    )
    assert list(files.folder("s").iterdir()) == []


async def test_a_link_in_the_place_of_the_folder(files: SessionFiles, tmp_path: Path) -> None:
    (tmp_path / "elsewhere").mkdir()
    files.folder("s").symlink_to(tmp_path / "elsewhere")
    assert (await refusal(files, Piece(UPLOAD, "a", 1, 0, b"a"))).code == ErrorCode.NO_RESOURCES
    files.remove("s")
    files.close()
    assert list((tmp_path / "elsewhere").iterdir()) == []
    assert (tmp_path / "elsewhere").is_dir()


async def test_the_end_of_sessions(files: SessionFiles) -> None:
    await put(files, b"x")
    outside = files.folder("s").with_name("outside")
    outside.mkdir()
    (outside / "kept").touch()
    (files.folder("s") / "way").symlink_to(outside)
    await files.put("kept", Piece(UPLOAD, "a", 1, 0, b"x"))
    await files.put("lost", Piece(UPLOAD, "a", 1, 0, b"x"))
    files.remove("s")
    files.remove("never-had-any")
    files.remove_others({"kept"})
    files.close()
    assert sorted(path.name for path in outside.parent.iterdir()) == ["kept.files", "outside"]
    assert (outside / "kept").exists()
