"""The list of kept sessions: private, whole, and never in the way."""

import stat
from pathlib import Path
from typing import Any

import msgspec
import pytest
from ptyd_protocol.session_limits import SessionLimits

from ptyd.conversations.kept_store import MAX_CONFIG_DIRS, KeptRecord, KeptStore, kept_path


def make_record(session: str = "1a2b3c4d", **more: Any) -> KeptRecord:
    fields: dict[str, Any] = {
        **{"session": session, "name": "fix", "argv": ["claude"], "cwd": "/", "env": {"ANTHROPIC_API_KEY": "secret"}},
        **{"owner": "owner", "limits": SessionLimits(cpus=1.5), "conversation": "b3ed", "config_dir": "/c"},
        **{"keep": "ask", "restart_on_failure": False, "created_at": 1.0},
    }
    return KeptRecord(**(fields | more))


def test_what_was_put_comes_back(tmp_path: Path) -> None:
    path = tmp_path / "state" / "kept.json"
    store = KeptStore(path)
    store.put(make_record("b", created_at=2.0))
    store.put(make_record("a", offered=True, problem="why"))
    store.put(make_record("c"))
    store.remove("c")
    store.remember_config_dir("/c")
    again = KeptStore(path)
    assert again.records == [make_record("a", offered=True, problem="why"), make_record("b", created_at=2.0)]
    assert [record.session for record in again.offered] == ["a"]
    assert again.config_dirs == ["/c"]
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700
    assert [one.name for one in path.parent.iterdir()] == ["kept.json"]


@pytest.mark.parametrize("content", [b"", b"{", b"[]", b'{"sessions":[{"name":1}]}', b"\xff\xfe"])
def test_a_damaged_file_is_told_and_set_aside(tmp_path: Path, content: bytes, caplog: pytest.LogCaptureFixture) -> None:
    path = tmp_path / "kept.json"
    path.write_bytes(content)
    store = KeptStore(path)
    assert store.records == []
    assert "no session is offered again" in caplog.text
    assert (tmp_path / "kept.damaged").read_bytes() == content
    store.put(make_record())
    assert KeptStore(path).records == [make_record()]


def test_a_disk_that_takes_nothing_is_told(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    (tmp_path / "file").write_text("")
    store = KeptStore(tmp_path / "file" / "kept.json")
    store.put(make_record())
    assert store.records == [make_record()]
    assert "cannot be written" in caplog.text


def test_nothing_is_written_that_is_written_already(tmp_path: Path) -> None:
    path = tmp_path / "kept.json"
    store = KeptStore(path)
    store.put(make_record())
    before = path.stat().st_ino, path.stat().st_mtime_ns
    store.put(make_record())
    store.remove("nobody")
    assert (path.stat().st_ino, path.stat().st_mtime_ns) == before


def test_directories_are_forgotten_in_the_end(tmp_path: Path) -> None:
    store = KeptStore(tmp_path / "kept.json")
    for number in range(MAX_CONFIG_DIRS + 5):
        store.remember_config_dir(f"/{number}")
    assert len(store.config_dirs) == MAX_CONFIG_DIRS and store.config_dirs[-1] == f"/{MAX_CONFIG_DIRS + 4}"


def test_each_daemon_has_its_own(tmp_path: Path) -> None:
    assert kept_path(tmp_path, Path("/run/a")) != kept_path(tmp_path, Path("/run/b"))
    assert kept_path(tmp_path, Path("/run/a")).parent == tmp_path


def test_a_newer_file_is_read(tmp_path: Path) -> None:
    path = tmp_path / "kept.json"
    record = msgspec.to_builtins(make_record()) | {"of_a_newer": 1}
    path.write_bytes(msgspec.json.encode({"sessions": [record], "more": True}))
    assert KeptStore(path).records == [make_record()]
