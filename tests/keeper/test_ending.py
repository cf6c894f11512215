"""How a keeper ends: when told, when nothing is left, and never with a child that nobody wanted to lose."""

import os
import signal
import sys

from tests.keeper.harness import (
    FakeDaemon,
    KeeperHarness,
    KeeperProcess,
    has_ended,
    is_alive,
    wait_gone,
)
from tests.support.waiting import wait_readable, wait_until

IGNORES_HANGUPS = "trap '' HUP TERM; echo deaf; while :; do sleep 600; done"


def test_stop_without_children_ends_the_keeper(
    harness: KeeperHarness, serving: tuple[KeeperProcess, FakeDaemon]
) -> None:
    keeper, daemon = serving
    daemon.run("over", ["true"])
    daemon.send({"op": "stop", "kill": False})
    daemon.kill()
    assert keeper.wait_end() == 0
    assert not (harness.path / "keeper.sock").exists()


def test_stop_waits_for_the_daemon(serving: tuple[KeeperProcess, FakeDaemon]) -> None:
    keeper, daemon = serving
    daemon.send({"op": "stop", "kill": False})
    daemon.synchronize()
    assert keeper.process.poll() is None
    daemon.kill()
    assert keeper.wait_end() == 0


def test_stop_leaves_the_children_until_the_last_has_ended(
    harness: KeeperHarness, serving: tuple[KeeperProcess, FakeDaemon]
) -> None:
    keeper, daemon = serving
    first = daemon.spawn("first", ["cat"])
    second = daemon.spawn("second", ["cat"])
    daemon.send({"op": "stop", "kill": False})
    daemon.kill()
    os.kill(first.pid, signal.SIGKILL)
    wait_gone(first.pid)
    assert not has_ended(second.fds[3])
    assert keeper.process.poll() is None
    assert "started again" not in harness.read_log()
    second.type(b"\x04")
    assert keeper.wait_end() == 0


def test_start_after_stop_takes_the_sessions_up_again(
    harness: KeeperHarness, serving: tuple[KeeperProcess, FakeDaemon]
) -> None:
    keeper, daemon = serving
    daemon.spawn("a", ["cat"])
    daemon.send({"op": "stop", "kill": False})
    daemon.kill()
    starter = harness.connect()
    starter.send({"op": "start"})
    successor = harness.accept_daemon()
    successor.say_hello()
    successor.say_ready()
    assert starter.receive()[0]["ok"] is True
    assert successor.run("b", ["echo", "welcome"]) == "welcome\r\n"
    successor.sessions["a"].type(b"\x04")
    successor.wait_exit("a")
    assert keeper.process.poll() is None, "it is not stopping any more"


def test_start_while_the_stopped_daemon_still_ends(harness: KeeperHarness, daemon: FakeDaemon) -> None:
    daemon.send({"op": "stop", "kill": False})
    daemon.synchronize()
    starter = harness.connect()
    starter.send({"op": "start"})
    daemon.kill()
    successor = harness.accept_daemon()
    successor.say_hello()
    successor.say_ready()
    assert starter.receive()[0] == {"ok": True, "daemon_pid": successor.pid}


def test_nothing_is_started_while_stopping(daemon: FakeDaemon) -> None:
    daemon.spawn("a", ["cat"])
    daemon.send({"op": "stop", "kill": False})
    daemon.send({"op": "spawn", "id": 77, "session": "b", "argv": ["cat"], "env": {}, "cwd": "/"})
    reply, _ = daemon.receive()
    assert (reply["id"], reply["ok"], reply["error"]) == (77, False, "no_resources")


def test_stop_with_kill_ends_everything(serving: tuple[KeeperProcess, FakeDaemon]) -> None:
    keeper, daemon = serving
    polite = daemon.spawn("polite", ["cat"])
    deaf = daemon.spawn("deaf", ["sh", "-c", IGNORES_HANGUPS])
    deaf.read_until(b"deaf\r\n")
    tool = daemon.spawn("tool", ["sh", "-c", f'setsid sh -c "echo pid:\\$\\$:; {IGNORES_HANGUPS}" & wait'])
    tool_pid = int(tool.read_until(b"deaf\r\n").split(b":")[1])
    daemon.send({"op": "stop", "kill": True})
    assert daemon.wait_exit("polite")["signal"] == signal.SIGHUP
    assert daemon.wait_exit("deaf")["signal"] == signal.SIGKILL
    wait_gone(tool_pid)
    daemon.kill()
    assert keeper.wait_end() == 0
    assert not is_alive(polite.pid)


def test_stopped_child_hears_the_hangup(serving: tuple[KeeperProcess, FakeDaemon]) -> None:
    keeper, daemon = serving
    session = daemon.spawn("a", ["cat"])
    os.kill(session.pid, signal.SIGSTOP)
    daemon.send({"op": "stop", "kill": True})
    assert daemon.wait_exit("a")["signal"] == signal.SIGHUP
    daemon.kill()
    assert keeper.wait_end() == 0


def test_start_while_everything_is_killed_waits_for_the_end(
    harness: KeeperHarness, serving: tuple[KeeperProcess, FakeDaemon]
) -> None:
    keeper, daemon = serving
    daemon.send({"op": "stop", "kill": True})
    daemon.synchronize()
    starter = harness.connect()
    starter.send({"op": "start"})
    daemon.kill()
    assert starter.has_ended()
    assert keeper.wait_end() == 0


def test_sigterm_ends_daemon_and_children(serving: tuple[KeeperProcess, FakeDaemon]) -> None:
    keeper, daemon = serving
    session = daemon.spawn("a", ["cat"])
    keeper.terminate()
    assert keeper.wait_end() == 0
    wait_readable(session.fds[3], what="the end of the child")
    assert not is_alive(daemon.pid)


def test_sigint_ends_it_too(serving: tuple[KeeperProcess, FakeDaemon]) -> None:
    keeper, daemon = serving
    keeper.process.send_signal(signal.SIGINT)
    assert keeper.wait_end() == 0
    assert not is_alive(daemon.pid)


def test_deaf_daemon_does_not_keep_the_keeper(harness: KeeperHarness) -> None:
    code = "import signal,os; signal.signal(15, signal.SIG_IGN); os.write(1, b'deaf\\n'); signal.pause()"
    keeper = harness.start(daemon_command=[sys.executable, "-c", code])
    wait_for_daemon_log(harness, "deaf")
    keeper.terminate()
    assert keeper.wait_end() == 0
    assert "told to stop" in keeper.read_ready()


def wait_for_daemon_log(harness: KeeperHarness, text: str) -> None:
    log = harness.path / "daemon.log"
    wait_until(lambda: log.exists() and text in log.read_text(), what=f"{text!r} in {log}")


def test_hangups_and_broken_pipes_do_not_end_it(serving: tuple[KeeperProcess, FakeDaemon]) -> None:
    keeper, daemon = serving
    for number in (signal.SIGHUP, signal.SIGPIPE, signal.SIGHUP):
        keeper.process.send_signal(number)
    assert daemon.run("a", ["echo", "still here"]) == "still here\r\n"


def test_forgetting_a_running_child_hangs_its_terminal_up(daemon: FakeDaemon) -> None:
    session = daemon.spawn("a", ["cat"])
    daemon.forget("a")
    daemon.synchronize()
    os.close(session.master)  # the test's own copy was the last
    wait_readable(session.fds[3], what="the end of the child")
