"""From nothing to a serving keeper: one only, in a directory that is ours alone."""

import os
import signal
import socket
import stat
from pathlib import Path

from tests.keeper.harness import FakeDaemon, KeeperHarness, KeeperProcess, read_proc_link, wait_gone


def get_mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def test_second_keeper_says_running_and_leaves_the_first_alone(harness: KeeperHarness, daemon: FakeDaemon) -> None:
    second = harness.start()
    assert second.read_ready() == "running\n"
    assert second.wait_end() == 0
    assert daemon.run("a", ["echo", "fine"]) == "fine\r\n"


def test_files_are_private(harness: KeeperHarness, daemon: FakeDaemon) -> None:
    assert get_mode(harness.path) == 0o700
    for name in ("keeper.sock", "keeper.lock", "keeper.log", "daemon.log"):
        assert get_mode(harness.path / name) == 0o600, name


def test_permissive_directory_is_shut(harness: KeeperHarness) -> None:
    harness.path.chmod(0o755)
    harness.start_serving()
    assert get_mode(harness.path) == 0o700


def test_directory_is_created_with_its_parents(harness: KeeperHarness) -> None:
    keeper = harness.start(directory=harness.path / "new" / "dir", daemon_command=["false"])
    assert "died 3 times" in keeper.read_ready()
    assert get_mode(harness.path / "new" / "dir") == 0o700


def test_symbolic_link_is_refused(harness: KeeperHarness) -> None:
    link = harness.path / "link"
    (harness.path / "real").mkdir()
    link.symlink_to(harness.path / "real")
    keeper = harness.start(directory=link)
    assert keeper.read_ready() == f"ptyd cannot start: the runtime directory is a symbolic link: {link}\n"
    assert keeper.wait_end() == 1


def test_killed_keeper_is_followed_over_its_stale_socket(
    harness: KeeperHarness, serving: tuple[KeeperProcess, FakeDaemon]
) -> None:
    first, daemon = serving
    session = daemon.spawn("a", ["cat"])
    first.process.send_signal(signal.SIGKILL)
    first.process.wait()
    daemon.close()
    wait_gone(session.pid)
    assert (harness.path / "keeper.sock").exists()
    _, second = harness.start_serving()
    assert second.run("b", ["echo", "fine"]) == "fine\r\n"


def test_keeper_is_detached(harness: KeeperHarness, serving: tuple[KeeperProcess, FakeDaemon]) -> None:
    keeper, _ = serving
    assert os.getsid(keeper.pid) == keeper.pid
    assert read_proc_link(keeper.pid, "cwd") == "/"
    assert read_proc_link(keeper.pid, "fd/0") == os.devnull
    assert read_proc_link(keeper.pid, "fd/1") == str(harness.path / "keeper.log")
    assert read_proc_link(keeper.pid, "fd/2") == str(harness.path / "keeper.log")


def test_descriptors_of_the_starter_are_closed(harness: KeeperHarness) -> None:
    ours, theirs = socket.socketpair()
    _, daemon = harness.start_serving(inherit_fds=[theirs.fileno()])
    theirs.close()
    ours.settimeout(5)
    assert ours.recv(1) == b"", "nobody holds the other end"
    ours.close()
    daemon.synchronize()


def test_foreground_stays_in_the_session_of_its_starter(harness: KeeperHarness) -> None:
    keeper, _ = harness.start_serving(arguments=["--foreground"])
    assert os.getsid(keeper.pid) == os.getsid(0)
    assert not (harness.path / "keeper.log").exists()
    assert read_proc_link(keeper.pid, "fd/2") == read_proc_link(os.getpid(), "fd/2")


def test_without_a_ready_fd(harness: KeeperHarness) -> None:
    keeper = harness.start(with_ready_fd=False)
    daemon = harness.accept_daemon()
    daemon.say_hello()
    daemon.say_ready()
    daemon.synchronize()
    assert keeper.process.poll() is None


def test_starter_that_went_away_does_not_matter(harness: KeeperHarness) -> None:
    keeper = harness.start()
    harness.drop_ready_fd(keeper)
    daemon = harness.accept_daemon()
    daemon.say_hello()
    daemon.say_ready()
    assert daemon.run("a", ["echo", "fine"]) == "fine\r\n"
