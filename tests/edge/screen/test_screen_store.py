"""Saved states of engines: whole, or the one before, or nothing."""

from pathlib import Path

import pytest

from ptyd.core.screen.engine_feed import FeedState
from ptyd.edge.files.log_store import LogStore
from ptyd.edge.screen.screen_store import SavedScreen, ScreenFile

SAVED = SavedScreen(FeedState(2**40, 3), bytes(range(256)) * 100)


@pytest.fixture
def file(tmp_path: Path) -> ScreenFile:
    return ScreenFile(tmp_path / "0000000a.screen")


def test_what_is_saved_is_loaded(file: ScreenFile, tmp_path: Path) -> None:
    assert file.load("fake 1", 7) is None
    assert file.save("fake 1", 7, SAVED)
    assert file.load("fake 1", 7) == SAVED
    (path,) = tmp_path.iterdir()
    assert path.stat().st_mode & 0o777 == 0o600


def test_the_newest_counts(file: ScreenFile) -> None:
    newest = SavedScreen(FeedState(5, 0), b"newest")
    file.save("fake 1", 7, SAVED)
    file.save("fake 1", 7, newest)
    assert file.load("fake 1", 7) == newest


@pytest.mark.parametrize(("name", "epoch"), [("fake 2", 7), ("fake", 7), ("fake 1", 8)])
def test_of_another_engine_or_log(file: ScreenFile, name: str, epoch: int) -> None:
    file.save("fake 1", 7, SAVED)
    assert file.load(name, epoch) is None


@pytest.mark.parametrize("content", [b"", b"short", b"x" * 200])
def test_what_is_no_saved_screen(file: ScreenFile, tmp_path: Path, content: bytes) -> None:
    (tmp_path / "0000000a.screen").write_bytes(content)
    assert file.load("fake 1", 7) is None


def test_where_nothing_can_be_written(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"")
    file = ScreenFile(tmp_path / "file" / "0000000a.screen")
    assert not file.save("fake 1", 7, SAVED)


def test_a_failed_save_leaves_the_one_before(file: ScreenFile, tmp_path: Path) -> None:
    file.save("fake 1", 7, SAVED)
    (tmp_path / "0000000a.screen-new").mkdir()
    assert not file.save("fake 1", 7, SavedScreen(FeedState(5, 0), b"newest"))
    assert file.load("fake 1", 7) == SAVED


def test_it_is_removed_with_its_session(file: ScreenFile, tmp_path: Path) -> None:
    store = LogStore(tmp_path, 512 * 1024)
    for name in ("0000000a", "0000000b"):
        store.screen_file(name).save("fake 1", 7, SAVED)
        (tmp_path / f"{name}.screen-new").write_bytes(b"a daemon was killed here")
    store.remove_others({"0000000b"})
    assert sorted(path.name for path in tmp_path.iterdir()) == ["0000000b.screen", "0000000b.screen-new"]
    file.remove()
    store.remove("0000000b")
    assert not (tmp_path / "0000000b.screen").exists()


def test_disk_that_takes_nothing_leaves_the_one_before(file: ScreenFile, tmp_path: Path) -> None:
    file.save("fake 1", 7, SAVED)
    (tmp_path / "0000000a.screen-new").mkdir()  # what is to be written cannot be
    assert not file.save("fake 1", 7, SavedScreen(FeedState(5, 0), b"newest"))
    assert file.load("fake 1", 7) == SAVED
