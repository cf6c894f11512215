"""Where the daemon is looked for, and whether the place can be trusted."""

import os
import tempfile
from pathlib import Path

import pytest
from ptyd_sdk import DaemonUnreachable, discovery


def test_the_order_of_places(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PTYD_DIR", "/a")
    monkeypatch.setenv("XDG_RUNTIME_DIR", "/run/user/1")
    assert discovery.runtime_dir() == Path("/a")
    monkeypatch.setenv("PTYD_DIR", "")
    assert discovery.runtime_dir() == Path("/run/user/1/ptyd")
    monkeypatch.delenv("XDG_RUNTIME_DIR")
    assert discovery.runtime_dir() == Path(tempfile.gettempdir()) / f"ptyd-{os.getuid()}"
    assert discovery.socket_path(Path("/x")) == Path("/x/ptyd.sock")
    assert discovery.keeper_socket_path(Path("/x")) == Path("/x/keeper.sock")
    assert discovery.token_path(Path("/x")) == Path("/x/token")


def test_a_relative_directory_is_made_absolute(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("PTYD_DIR", "here")
    assert discovery.runtime_dir() == tmp_path / "here"


def test_only_a_private_directory_is_trusted(tmp_path: Path) -> None:
    private = tmp_path / "private"
    private.mkdir(mode=0o700)
    discovery.check_runtime_dir(private)
    link = tmp_path / "link"
    link.symlink_to(private)
    with pytest.raises(DaemonUnreachable, match="not a directory"):
        discovery.check_runtime_dir(link)
    private.chmod(0o750)
    with pytest.raises(DaemonUnreachable, match="open to other users"):
        discovery.check_runtime_dir(private)
    with pytest.raises(DaemonUnreachable, match="No such file"):
        discovery.check_runtime_dir(tmp_path / "none")


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give a directory to somebody else")
def test_somebody_elses_directory_is_not_trusted(tmp_path: Path) -> None:
    foreign = tmp_path / "foreign"
    foreign.mkdir(mode=0o700)
    os.chown(foreign, 12345, -1)
    with pytest.raises(DaemonUnreachable, match="belongs to user 12345"):
        discovery.check_runtime_dir(foreign)
