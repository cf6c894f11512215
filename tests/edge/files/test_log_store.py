"""The logs' files."""

import os
import stat
from pathlib import Path

import pytest

from ptyd.core.log.replay_log import LogDamaged
from ptyd.edge.files.log_store import LogStore
from tests.core.memory import SMALL_CAPACITY_BYTES, append
from tests.edge.descriptors import count_fds


@pytest.fixture
def store(tmp_path: Path) -> LogStore:
    return LogStore(tmp_path / "sessions", SMALL_CAPACITY_BYTES)


def test_create(store: LogStore, tmp_path: Path) -> None:
    log = store.create("0000000a", 100, 30)
    path = tmp_path / "sessions" / "0000000a.log"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700
    assert log.log.size_record(0) == (0, 100, 30)
    assert 0 < log.log.epoch < 2**53
    assert store.create("0000000b", 80, 24).log.epoch != log.log.epoch
    assert path.stat().st_blocks * 512 < SMALL_CAPACITY_BYTES // 2  # it takes what is used


def test_an_id_is_used_once(store: LogStore) -> None:
    store.create("0000000a", 80, 24)
    with pytest.raises(FileExistsError):
        store.create("0000000a", 80, 24)


def test_found_again(store: LogStore) -> None:
    log = store.create("0000000a", 80, 24)
    append(log.log, b"hello")
    log.inputs.announce(5, 3, 0)
    log.inputs.settle(taken=True)
    log.note_output(1234.5678)
    again = store.open("0000000a")
    assert again.log.read(0, 10) == b"hello"
    assert again.log.epoch == log.log.epoch
    assert again.inputs.last_seq(5) == 3
    assert again.last_output_at == pytest.approx(1234.567)


def test_never_any_output(store: LogStore) -> None:
    assert store.create("0000000a", 80, 24).last_output_at == 0


def test_a_shelved_log_keeps_nothing_open(store: LogStore) -> None:
    before = count_fds()
    log = store.create("0000000a", 80, 24)
    append(log.log, b"hello")
    assert count_fds() == before + 1
    log.shelve()
    log.shelve()
    assert count_fds() == before
    assert (log.span.oldest, log.span.head) == (0, 5)
    assert count_fds() == before
    assert log.log.read(0, 10) == b"hello"
    assert log.inputs.last_seq(5) == 0
    log.shelve()
    assert count_fds() == before


@pytest.mark.parametrize("content", [b"", b"x", bytes(SMALL_CAPACITY_BYTES), None])
def test_damaged(store: LogStore, tmp_path: Path, content: bytes | None) -> None:
    before = count_fds()
    path = tmp_path / "sessions" / "0000000a.log"
    store.create("0000000a", 80, 24).shelve()
    if content is None:
        os.truncate(path, path.stat().st_size - 1)
    else:
        path.write_bytes(content)
    with pytest.raises((LogDamaged, OSError)):
        store.open("0000000a")
    assert count_fds() == before


def test_no_link_is_followed(store: LogStore, tmp_path: Path) -> None:
    (tmp_path / "sessions" / "0000000a.log").symlink_to("/etc/passwd")
    with pytest.raises(OSError):
        store.open("0000000a")
    with pytest.raises(OSError):
        store.create("0000000a", 80, 24)


def test_removing(store: LogStore, tmp_path: Path) -> None:
    for name in ("0000000a", "0000000b", "0000000c"):
        store.create(name, 80, 24)
    store.remove("0000000a")
    store.remove("0000000a")
    store.remove_others({"0000000c"})
    assert [path.name for path in (tmp_path / "sessions").iterdir()] == ["0000000c.log"]
