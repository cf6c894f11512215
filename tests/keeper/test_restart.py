"""The daemon comes and goes; sessions, held descriptors and news of exits wait for it."""

import os
import signal
import socket
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.keeper.harness import (
    FakeDaemon,
    KeeperHarness,
    KeeperProcess,
    has_ended,
    is_alive,
    read_proc_link,
    read_process_state,
)
from tests.support.waiting import wait_until

DIES_AT_ONCE = [sys.executable, "-c", "import sys; sys.exit('first line\\nbecause of this')"]


def test_first_welcome(serving: tuple[KeeperProcess, FakeDaemon]) -> None:
    keeper, daemon = serving
    means = {name: daemon.welcome.pop(name) for name in ("means", "means_problem")}
    assert daemon.welcome == {
        "event": "welcome",
        "keeper_pid": keeper.pid,
        "alive_seconds": 5.0,
        "activated": [],
        "restarts": 0,
        "crashes": 0,
        "recent_crashes": 0,
        "is_over_budget": False,
        "last_death": None,
        "predecessor_signal": None,
    }
    assert isinstance(means["means"], dict)
    assert isinstance(means["means_problem"], str)
    assert daemon.sessions == {}
    assert daemon.held == {}


def test_daemon_gets_its_arguments_and_keeps_no_descriptors(harness: KeeperHarness) -> None:
    keeper, daemon = harness.start_serving(arguments=["--daemon-arg=--listen", "--daemon-arg", "here"])
    assert daemon.arguments == ["--listen", "here"]
    assert read_proc_link(daemon.pid, "cwd") == "/"
    assert read_proc_link(daemon.pid, "fd/0") == os.devnull
    assert read_proc_link(daemon.pid, "fd/1") == str(harness.path / "daemon.log")
    # Beyond standard input, output and error: only the relay's own two sockets.
    assert len(list(Path(f"/proc/{daemon.pid}/fd").iterdir())) == 5
    assert os.getsid(daemon.pid) == daemon.pid
    assert keeper.process.poll() is None


def test_session_goes_on_when_the_daemon_is_killed(harness: KeeperHarness, daemon: FakeDaemon) -> None:
    session = daemon.spawn("a", ["sh", "-c", "echo before; read x; echo after:$x"], record={"name": "old"})
    session.read_until(b"before\r\n")
    daemon.send({"op": "record", "session": "a", "record": {"name": "new", "n": [1, None, "ü"]}})
    daemon.synchronize()
    daemon.kill()

    successor = harness.accept_daemon()
    successor.say_hello()
    assert successor.welcome["restarts"] == 1
    again = successor.sessions["a"]
    assert (again.pid, again.exit) == (session.pid, None)
    assert again.record == {"name": "new", "n": [1, None, "ü"]}
    again.type(b"key\r")
    again.read_until(b"after:key\r\n")
    assert successor.wait_exit("a")["code"] == 0


def test_datagrams_not_yet_read_when_the_daemon_dies_count(
    harness: KeeperHarness, serving: tuple[KeeperProcess, FakeDaemon]
) -> None:
    keeper, daemon = serving
    daemon.spawn("kept", ["cat"])
    keeper.process.send_signal(signal.SIGSTOP)
    for number in range(20):
        daemon.send({"op": "record", "session": "kept", "record": {"number": number}})
    daemon.kill()
    keeper.process.send_signal(signal.SIGCONT)
    successor = harness.accept_daemon()
    successor.say_hello()
    assert successor.sessions["kept"].record == {"number": 19}


def test_last_words_of_a_killed_daemon_count(harness: KeeperHarness, daemon: FakeDaemon) -> None:
    daemon.spawn("kept", ["cat"])
    gone = daemon.spawn("gone", ["cat"])
    daemon.send({"op": "forget", "session": "gone"})
    daemon.send({"op": "record", "session": "kept", "record": {"last": "word"}})
    daemon.synchronize()
    daemon.kill()
    successor = harness.accept_daemon()
    successor.say_hello()
    assert {name: session.record for name, session in successor.sessions.items()} == {"kept": {"last": "word"}}
    os.close(gone.master)


def test_keys_in_the_pipe_outlive_the_daemon(harness: KeeperHarness, daemon: FakeDaemon) -> None:
    session = daemon.spawn("a", ["sh", "-c", "read x; echo got:$x"])
    os.write(session.fds[2], b"half\r")
    daemon.kill()
    successor = harness.accept_daemon()
    successor.say_hello()
    again = successor.sessions["a"]
    assert os.splice(again.fds[1], again.master, 5) == 5
    again.read_until(b"got:half\r\n")


def test_exit_while_no_daemon_is_there_is_kept(harness: KeeperHarness, daemon: FakeDaemon) -> None:
    session = daemon.spawn("a", ["sh", "-c", "read x; echo bye; exit 3"])
    daemon.kill()
    # The relay started next says hello only when the test does: until then nobody is told anything.
    successor = harness.accept_daemon()
    session.type(b"\r")
    wait_until(lambda: read_process_state(session.pid) == "X", what="the keeper to reap the child")
    successor.say_hello()
    again = successor.sessions["a"]
    assert again.exit is not None
    assert (again.exit["code"], again.exit["signal"]) == (3, None)
    assert b"bye\r\n" in again.read_all()

    successor.kill()
    third = harness.accept_daemon()
    third.say_hello()
    assert third.sessions["a"].exit == again.exit, "told again until it is forgotten"
    third.forget("a")
    third.synchronize()
    third.kill()
    fourth = harness.accept_daemon()
    fourth.say_hello()
    assert fourth.sessions == {}


def test_held_descriptors_come_back(harness: KeeperHarness, daemon: FakeDaemon) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        address = listener.getsockname()
        daemon.send({"op": "hold", "name": "tcp", "fd": 1}, [listener.fileno()])
        daemon.send({"op": "hold", "name": "released"}, [listener.fileno()])
        daemon.send({"op": "release", "name": "released"})
        daemon.send({"op": "release", "name": "never held"})
        daemon.send({"op": "hold", "name": "nothing"})
        daemon.synchronize()
    daemon.kill()
    with socket.create_connection(address) as client:
        successor = harness.accept_daemon()
        successor.say_hello()
        assert set(successor.held) == {"tcp"}
        with socket.socket(fileno=os.dup(successor.held["tcp"])) as held:
            held.setblocking(True)
            accepted, _ = held.accept()
            accepted.sendall(b"served")
            accepted.close()
        assert client.recv(100) == b"served"


def test_holding_a_name_again_replaces_it(harness: KeeperHarness, daemon: FakeDaemon) -> None:
    first_read, first_write = os.pipe()
    second_read, second_write = os.pipe()
    daemon.send({"op": "hold", "name": "x"}, [first_read])
    daemon.send({"op": "hold", "name": "x"}, [second_read])
    daemon.synchronize()
    daemon.kill()
    os.write(second_write, b"second")
    successor = harness.accept_daemon()
    successor.say_hello()
    assert os.read(successor.held["x"], 100) == b"second"
    for fd in (first_read, first_write, second_read, second_write):
        os.close(fd)


def test_daemon_that_restarts_on_purpose_is_followed_at_once(
    harness: KeeperHarness, serving: tuple[KeeperProcess, FakeDaemon]
) -> None:
    keeper, daemon = serving
    for restarts in range(1, 6):
        daemon.send({"op": "restarting"})
        daemon.synchronize()
        daemon.kill()
        daemon = harness.accept_daemon()
        daemon.say_hello()
        daemon.say_ready()
        assert daemon.welcome["restarts"] == restarts
    assert "started again in" not in harness.read_log(), "no back-off"
    assert keeper.process.poll() is None


def test_daemon_that_keeps_dying_is_started_ever_later(harness: KeeperHarness, daemon: FakeDaemon) -> None:
    for _ in range(3):
        daemon.kill()
        daemon = harness.accept_daemon()
    delays = [line.split("again in ")[1] for line in harness.read_log().splitlines() if "again in" in line]
    assert delays == ["0.1 s", "0.2 s"]


def test_daemon_that_only_lost_its_link_is_replaced(harness: KeeperHarness, daemon: FakeDaemon) -> None:
    session = daemon.spawn("a", ["cat"])
    daemon.lose_link()
    successor = harness.accept_daemon()
    assert not is_alive(daemon.pid)
    successor.say_hello()
    assert successor.sessions["a"].pid == session.pid


def test_start_is_answered_when_the_daemon_serves(harness: KeeperHarness) -> None:
    keeper = harness.start()
    daemon = harness.accept_daemon()
    starter = harness.connect()
    starter.send({"op": "start"})
    daemon.say_hello()
    daemon.say_ready()
    assert starter.receive()[0] == {"ok": True, "daemon_pid": daemon.pid}
    assert keeper.read_ready() == "ready\n"
    late = harness.connect()
    late.send({"op": "start"})
    assert late.receive()[0] == {"ok": True, "daemon_pid": daemon.pid}


def test_start_waits_for_the_successor_of_a_dead_daemon(harness: KeeperHarness, daemon: FakeDaemon) -> None:
    daemon.kill()
    successor = harness.accept_daemon()
    starter = harness.connect()
    starter.send({"op": "start"})
    successor.say_hello()
    successor.say_ready()
    assert starter.receive()[0] == {"ok": True, "daemon_pid": successor.pid}


def test_daemon_that_cannot_start_is_told_with_its_last_lines(harness: KeeperHarness) -> None:
    keeper = harness.start(daemon_command=DIES_AT_ONCE)
    word = keeper.read_ready()
    assert word.count("\n") == 1
    assert "died 3 times" in word
    assert "first line | because of this" in word
    assert keeper.wait_end() == 1
    assert not (harness.path / "keeper.sock").exists()


def test_daemon_command_that_does_not_exist(harness: KeeperHarness) -> None:
    keeper = harness.start(daemon_command=["/no/such/daemon"])
    assert "No such file or directory: '/no/such/daemon'" in keeper.read_ready()
    assert keeper.wait_end() == 1


def test_starter_hears_of_a_successor_that_cannot_start(harness: KeeperHarness) -> None:
    flag = harness.path / "broken"
    code = (
        "import os,sys\n"
        f"if os.path.exists({str(flag)!r}): sys.exit('the new one is broken')\n"
        f"os.execv(sys.executable, [sys.executable, {str(relay_path())!r}, *sys.argv[1:]])"
    )
    keeper, daemon = harness.start_serving(daemon_command=[sys.executable, "-c", code])
    session = daemon.spawn("a", ["cat"])
    flag.touch()
    daemon.kill()
    starter = harness.connect()
    starter.send({"op": "start"})
    answer, _ = starter.receive()
    assert answer["ok"] is False
    assert "the new one is broken" in answer["message"]
    assert not has_ended(session.fds[3]), "the keeper holds on to the sessions"
    flag.unlink()
    mended = harness.accept_daemon()
    mended.say_hello()
    assert set(mended.sessions) == {"a"}
    assert keeper.process.poll() is None


def relay_path() -> str:
    return str(Path(__file__).with_name("relay_daemon.py"))


def test_orphans_are_adopted_and_reaped(serving: tuple[KeeperProcess, FakeDaemon]) -> None:
    keeper, daemon = serving
    session = daemon.spawn("a", ["sh", "-c", "setsid sh -c 'echo pid:$$:; exec sleep 600' & read x"])
    orphan = int(session.read_until(b"\r\n").split(b":")[1])
    session.type(b"\r")
    daemon.wait_exit("a")
    status = Path(f"/proc/{orphan}/stat")
    wait_until(lambda: status.read_text().rpartition(")")[2].split()[1] == str(keeper.pid), what="adoption")
    os.kill(orphan, signal.SIGKILL)
    wait_until(lambda: not status.exists(), what="the orphan's zombie to be reaped")


def test_successor_hears_how_the_daemon_died(harness: KeeperHarness, daemon: FakeDaemon) -> None:
    daemon.wait_passed_on()
    os.kill(daemon.pid, signal.SIGSEGV)
    assert daemon.has_ended()
    successor = harness.accept_daemon()
    successor.say_hello()
    assert successor.welcome["crashes"] == 1
    assert successor.welcome["last_death"]["signal"] == signal.SIGSEGV
    assert successor.welcome["last_death"]["reason"] == ""
    assert successor.welcome["predecessor_signal"] == signal.SIGSEGV
    successor.send({"op": "restarting"})
    successor.synchronize()
    successor.kill()
    third = harness.accept_daemon()
    third.say_hello()
    assert third.welcome["last_death"] == successor.welcome["last_death"]
    assert third.welcome["predecessor_signal"] is None


def test_crash_budget_is_told(harness: KeeperHarness, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PTYD_CRASH_BUDGET", "1")
    _, daemon = harness.start_serving()
    daemon.kill()
    daemon = harness.accept_daemon()
    daemon.say_hello()
    assert daemon.welcome["is_over_budget"] is False
    daemon.kill()
    asker = harness.connect()

    def ask() -> dict[str, Any]:
        asker.send({"op": "status"})
        return asker.receive()[0]

    wait_until(lambda: ask()["crashes"] == 2, what="the keeper to reap the daemon")
    answer = ask()
    assert (answer["is_over_budget"], answer["daemon_pid"]) == (True, None)
    assert 5 < answer["next_start_seconds"] <= 10
    assert "died 2 times in a minute" in harness.read_log()


def test_daemon_that_hangs_is_replaced(harness: KeeperHarness, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PTYD_WATCHDOG_SECONDS", "0.6")
    _, daemon = harness.start_serving()
    session = daemon.spawn("a", ["cat"])
    assert daemon.welcome["alive_seconds"] == pytest.approx(0.1)
    daemon.send({"op": "alive"})
    successor = harness.accept_daemon()  # nothing more was said
    assert not is_alive(daemon.pid)
    successor.say_hello()
    assert successor.sessions["a"].pid == session.pid
    death = successor.welcome["last_death"]
    assert death["signal"] == signal.SIGABRT
    assert "hung" in death["reason"]


def test_stopped_daemon_is_replaced(harness: KeeperHarness, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PTYD_WATCHDOG_SECONDS", "0.6")
    _, daemon = harness.start_serving()
    daemon.send({"op": "alive"})
    daemon.wait_passed_on()
    os.kill(daemon.pid, signal.SIGSTOP)
    successor = harness.accept_daemon()
    successor.say_hello()
    # The kernel holds SIGABRT back from a stopped process; SIGKILL it does not.
    assert successor.welcome["last_death"]["signal"] == signal.SIGKILL


def test_daemon_that_never_says_it_is_alive_is_left_alone(
    harness: KeeperHarness, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PTYD_WATCHDOG_SECONDS", "0.06")
    keeper, daemon = harness.start_serving()
    for _ in range(100):  # each an exchange with the keeper, which has its ticks meanwhile
        daemon.synchronize()
    assert is_alive(daemon.pid)
    assert keeper.process.poll() is None
