"""Runs that have to wait: in which order they start, and that nothing of it depends on one daemon."""

import json

import pytest

from tests.runs.conftest import Configure, Runner
from tests.support.daemon import RequestFailed
from tests.support.fake_messages_api import FakeMessagesApi


def test_two_wait_by_priority_through_a_restart(configure: Configure, api: FakeMessagesApi) -> None:
    runner = configure(PTYD_MAX_RUNS="1")
    middle = api.gate()
    api.script("slowly", ["one, ", middle, "two"])
    first = runner.start("slowly")
    middle.wait_reached()
    low = runner.start("low", priority=-1)
    high = runner.start("high", priority=7)
    assert [run["state"] for run in (first, low, high)] == ["running", "queued", "queued"]
    assert [run["id"] for run in runner.ptyd.request("run_list")] == [high["id"], low["id"], first["id"]]
    assert [run["position"] for run in runner.ptyd.request("run_list")] == [1, 2, 0]
    assert len(runner.ptyd.sessions()) == 1

    runner.ptyd.wait_for_new_daemon(runner.ptyd.kill_daemon())
    assert [run["id"] for run in runner.ptyd.request("run_list")] == [high["id"], low["id"], first["id"]]
    with pytest.raises(RequestFailed, match="timeout"):
        runner.ptyd.request("run_wait", run=high["id"], until="start", timeout_seconds=0.2)

    middle.open()
    assert runner.wait(first["id"])["result"] == "one, two"
    assert [runner.wait(run["id"])["result"] for run in (low, high)] == ["You said: low", "You said: high"]
    assert [turn.prompt.strip() for turn in api.turns] == ["slowly", "high", "low"]
    assert list((runner.ptyd.runtime_dir / "runs").iterdir()) == []


def test_so_many_run_at_once(configure: Configure, api: FakeMessagesApi) -> None:
    runner = configure(PTYD_MAX_RUNS="2")
    gates = [api.gate() for _ in range(3)]
    for number, gate in enumerate(gates):
        api.script(f"number {number}", ["one, ", gate, "two"])
    runs = [runner.start(f"number {number}") for number in range(3)]
    assert [run["state"] for run in runs] == ["running", "running", "queued"]
    gates[0].wait_reached()
    gates[1].wait_reached()
    gates[0].open()
    gates[2].wait_reached()
    assert [run["state"] for run in runner.ptyd.request("run_list")] == ["ended", "running", "running"]
    for gate in gates:
        gate.open()
    assert {runner.wait(run["id"])["kind"] for run in runs} == {"success"}


def test_one_that_waits_is_dropped(configure: Configure, api: FakeMessagesApi) -> None:
    runner = configure(PTYD_MAX_RUNS="1")
    middle = api.gate()
    api.script("slowly", ["one, ", middle, "two"])
    first = runner.start("slowly")
    waiting = runner.start("never")
    assert runner.ptyd.request("run_stop", run=waiting["id"])["state"] == "queued"
    with pytest.raises(RequestFailed, match=r"no_such_session.*dropped"):
        runner.ptyd.request("run_wait", run=waiting["id"])
    middle.open()
    assert runner.wait(first["id"])["kind"] == "success"
    assert [turn.prompt.strip() for turn in api.turns] == ["slowly"]


def test_one_that_cannot_be_started_when_its_turn_comes(configure: Configure, api: FakeMessagesApi) -> None:
    runner = configure(PTYD_MAX_RUNS="1")
    middle = api.gate()
    api.script("slowly", ["one, ", middle, "two"])
    runner.start("slowly")
    bad, good = runner.start("bad", program="no-such-claude", priority=1), runner.start("good")
    middle.open()
    with pytest.raises(RequestFailed, match="command_not_found"):
        runner.ptyd.request("run_wait", run=bad["id"], timeout_seconds=30)
    assert runner.wait(good["id"])["kind"] == "success", "the others are not kept by it"


def test_too_many_wait(configure: Configure, api: FakeMessagesApi) -> None:
    runner = configure(PTYD_MAX_RUNS="1", PTYD_MAX_QUEUED_RUNS="1")
    middle = api.gate()
    api.script("slowly", ["one, ", middle, "two"])
    first = runner.start("slowly")
    runner.start("waits")
    with pytest.raises(RequestFailed, match=r"unavailable.*max_queued_runs"):
        runner.start("too many")
    middle.open()
    runner.wait(first["id"])


def test_what_waits_for_a_revoked_token_is_not_started(configure: Configure, api: FakeMessagesApi) -> None:
    runner = configure(PTYD_MAX_RUNS="1")
    middle = api.gate()
    api.script("slowly", ["one, ", middle, "two"])
    first = runner.start("slowly")
    waiting = runner.start("never")
    path = runner.ptyd.runtime_dir / "runs" / f"{waiting['id']}.json"
    assert path.stat().st_mode & 0o777 == 0o600
    token = runner.ptyd.request("token_create", rights=["create"], name="passing")["info"]["id"]
    path.write_text(json.dumps(json.loads(path.read_text()) | {"owner": "passing", "grant_id": token}))
    runner.ptyd.wait_for_new_daemon(runner.ptyd.kill_daemon())
    runner.ptyd.request("token_revoke", token="passing")
    middle.open()
    runner.wait(first["id"])
    with pytest.raises(RequestFailed, match="not_allowed"):
        runner.ptyd.request("run_wait", run=waiting["id"], timeout_seconds=30)
    assert [turn.prompt.strip() for turn in api.turns] == ["slowly"]


def test_who_waits_goes_down_with_the_sessions_or_waits_on(configure: Configure, api: FakeMessagesApi) -> None:
    runner = configure(PTYD_MAX_RUNS="1")
    middle = api.gate()
    api.script("slowly", ["one, ", middle, "two"])
    runner.start("slowly")
    middle.wait_reached()
    kept = runner.start("kept")
    dead = runner.ptyd.daemon_pid()
    runner.ptyd.request("shutdown")
    runner.ptyd.wait_for_new_daemon(dead)
    assert runner.ptyd.request("run_list")[0]["id"] == kept["id"]
    dead = runner.ptyd.daemon_pid()
    runner.ptyd.request("shutdown", kill_sessions=True)
    runner.ptyd.keeper.wait(60)
    assert list((runner.ptyd.runtime_dir / "runs").iterdir()) == []
    assert [turn.prompt.strip() for turn in api.turns] == ["slowly"]


def test_a_file_that_cannot_be_read_keeps_nobody(configure: Configure) -> None:
    runner = configure()
    (runner.ptyd.runtime_dir / "runs" / "deadbeef.json").write_text("{")
    runner.ptyd.wait_for_new_daemon(runner.ptyd.kill_daemon())
    assert runner.run("hello")["kind"] == "success"


def test_started_and_killed_before_it_left_the_queue(configure: Configure, api: FakeMessagesApi) -> None:
    """The next daemon finds both the session and the file: it runs once."""
    runner: Runner = configure()
    middle = api.gate()
    api.script("slowly", ["one, ", middle, "two"])
    run = runner.start("slowly")
    middle.wait_reached()
    params = {"prompt": "slowly", **runner.place}
    (runner.ptyd.runtime_dir / "runs" / f"{run['id']}.json").write_text(
        json.dumps({"id": run["id"], "params": params, "owner": "owner"})
    )
    runner.ptyd.wait_for_new_daemon(runner.ptyd.kill_daemon())
    assert [one["state"] for one in runner.ptyd.request("run_list")] == ["running"]
    middle.open()
    assert runner.wait(run["id"])["result"] == "one, two"
    assert len(api.turns) == 1
