"""A keeper lives for months: nothing may stay open behind a session."""

from tests.keeper.harness import FakeDaemon, KeeperHarness, KeeperProcess

CYCLES = 300


def test_sessions_that_come_and_go_leave_nothing_open(serving: tuple[KeeperProcess, FakeDaemon]) -> None:
    keeper, daemon = serving
    daemon.synchronize()
    before = keeper.count_fds()
    for number in range(CYCLES):
        session = daemon.spawn(f"s{number}", ["true"])
        daemon.wait_exit(session.name)
        daemon.forget(session.name)
        daemon.close_received()
    daemon.synchronize()
    assert keeper.count_fds() == before


def test_ended_session_can_be_closed_and_its_exit_kept(
    harness: KeeperHarness, serving: tuple[KeeperProcess, FakeDaemon]
) -> None:
    keeper, daemon = serving
    daemon.spawn("running", ["cat"])
    daemon.synchronize()
    before = keeper.count_fds()
    daemon.run("ended", ["sh", "-c", "exit 5"])
    for name in ("ended", "ended", "running", "none"):
        daemon.send({"op": "close", "session": name})
    daemon.synchronize()
    assert keeper.count_fds() == before, "what runs keeps its descriptors"
    daemon.kill()
    successor = harness.accept_daemon()
    successor.say_hello()
    ended = successor.sessions["ended"]
    assert ended.fds == []
    assert ended.exit is not None
    assert ended.exit["code"] == 5
    assert len(successor.sessions["running"].fds) == 4
    successor.forget("ended")
    successor.synchronize()
    assert keeper.count_fds() == before


def test_descriptors_stay_until_the_session_is_forgotten(serving: tuple[KeeperProcess, FakeDaemon]) -> None:
    keeper, daemon = serving
    daemon.synchronize()
    before = keeper.count_fds()
    daemon.run("a", ["true"])
    daemon.synchronize()
    assert keeper.count_fds() == before + 4
    daemon.forget("a")
    daemon.forget("a")
    daemon.synchronize()
    assert keeper.count_fds() == before
