"""The events of a run by the SDK: typed, complete and undoubled, whatever happens to the daemon."""

import asyncio
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from ptyd_protocol.run_events import AnyRunEvent
from ptyd_sdk import (
    BadRequest,
    Connection,
    RunBegan,
    RunGap,
    RunMessage,
    RunOther,
    RunPartial,
    RunResult,
    TimedOut,
    ToolResultBlock,
    ToolUseBlock,
    connect,
)
from ptyd_sdk.blocking import connect as connect_blocking
from ptyd_sdk.run import Run

from tests.runs.conftest import Configure, Runner
from tests.support.fake_messages_api import FakeMessagesApi, ToolUse


def with_connection(runner: Runner, story: Callable[[Connection], Any]) -> Any:
    async def tell() -> Any:
        async with connect(f"unix://{runner.ptyd.sock_path}") as ptyd:
            return await asyncio.wait_for(story(ptyd), 90)

    return asyncio.run(tell())


async def collect(run: Run) -> list[AnyRunEvent]:
    return [event async for event in run]


def test_typed(runner: Runner, api: FakeMessagesApi) -> None:
    tool = ToolUse("Bash", {"command": "echo hi there", "description": "say hi"})
    api.script("use it", ["Looking. ", tool], ["all ", "done"])

    async def story(ptyd: Connection) -> None:
        run = ptyd.run("use it", **runner.place)
        events = await collect(run)
        assert isinstance(events[0], RunBegan)
        assert isinstance(events[-1], RunResult)
        messages = [event for event in events if isinstance(event, RunMessage)]
        assert [message.role for message in messages] == ["assistant", "assistant", "user", "assistant"]
        [use] = [block for message in messages for block in message.blocks if isinstance(block, ToolUseBlock)]
        assert (use.name, use.input["command"]) == ("Bash", "echo hi there")
        [result] = [block for message in messages for block in message.blocks if isinstance(block, ToolResultBlock)]
        assert (result.tool_use_id, result.text, result.is_error) == (use.id, "hi there", False)
        pieces = "".join(event.text for event in events if isinstance(event, RunPartial))
        assert pieces == "Looking. all done"
        assert [event.problem for event in events if isinstance(event, RunOther) and event.problem] == []
        assert run.outcome is not None
        assert (run.outcome.kind, run.outcome.result) == ("success", "all done")
        again = await collect(ptyd.follow_run(run.id))
        assert [event.raw for event in again] == [event.raw for event in events]
        assert [info.state for info in await ptyd.runs()] == ["ended"]

    with_connection(runner, story)


def test_the_daemon_is_killed_within_a_run(runner: Runner, api: FakeMessagesApi) -> None:
    gates = [api.gate() for _ in range(3)]
    api.script("slowly", ["one ", gates[0], "two ", gates[1], "three ", gates[2], "four"])

    def kill_at_each_gate() -> None:
        for gate in gates:
            gate.wait_reached()
            dead = runner.ptyd.kill_daemon()
            gate.open()  # what comes now comes to nobody
            runner.ptyd.wait_for_new_daemon(dead)

    async def story(ptyd: Connection) -> list[AnyRunEvent]:
        run = ptyd.run("slowly", **runner.place)
        events, _ = await asyncio.gather(collect(run), asyncio.to_thread(kill_at_each_gate))
        assert run.outcome is not None
        assert (run.outcome.kind, run.outcome.result) == ("success", "one two three four")
        return events

    events = with_connection(runner, story)
    [run] = runner.ptyd.request("run_list")
    assert [event.raw for event in events] == runner.read_lines(run["id"])
    uuids = [event.raw["uuid"] for event in events if "uuid" in event.raw]
    assert len(uuids) == len(set(uuids)) > 5
    assert not any(isinstance(event, RunGap) for event in events)
    assert "".join(event.text for event in events if isinstance(event, RunPartial)) == "one two three four"
    assert len(api.turns) == 1


def test_more_lines_than_the_log_holds(configure: Configure, tmp_path: Path) -> None:
    """The program waits for its first reader, and goes on as that one reads; who comes later is told what is gone."""
    runner = configure(PTYD_LOG_BYTES="524288")
    line = {"type": "user", "message": {"content": [{"type": "tool_result", "content": "x" * 100_000}]}}
    program = tmp_path / "chatty"
    (tmp_path / "line").write_text(json.dumps(line) + "\n")
    program.write_text(
        f"#!/bin/sh\nfor i in $(seq 50); do cat {tmp_path}/line; done\n"
        """echo '{"type":"result","subtype":"success","result":"done","num_turns":1}'\n"""
    )
    program.chmod(0o755)

    async def story(ptyd: Connection) -> None:
        run = ptyd.run("hello", program=program, cwd=tmp_path, env=runner.claude.env)
        session = await run.wait_started()
        await session.wait_idle(0.3)  # nobody has attached, and the log is full
        log = await session.read_log()
        assert log.log_start == 0
        assert log.log_head > 400_000
        events = await collect(run)
        assert [event.raw for event in events[:-1]] == [line] * 50
        assert run.outcome is not None
        assert (run.outcome.kind, run.outcome.result) == ("success", "done")
        gap, *late = await collect(ptyd.follow_run(run.id))
        assert isinstance(gap, RunGap)
        assert gap.skipped > 4_000_000
        assert [event.raw for event in late[:-1]] == [line] * (len(late) - 1)
        assert 2 <= len(late) <= 6

    with_connection(runner, story)


def test_awaited_stopped_and_refused(configure: Configure, api: FakeMessagesApi) -> None:
    runner = configure(PTYD_MAX_RUNS="1")
    middle = api.gate()
    api.script("slowly", ["one, ", middle, "two"])

    async def story(ptyd: Connection) -> None:
        assert (await ptyd.run("hello", **runner.place)).result == "You said: hello"
        slow = ptyd.run("slowly", **runner.place, label="SLOW")
        assert (await slow.start()).label == "SLOW"
        waits = ptyd.run("next", **runner.place)
        assert (await waits.start()).position == 1
        with pytest.raises(TimedOut):
            await waits.wait_started(timeout=0.1)
        await asyncio.to_thread(middle.wait_reached)
        await slow.stop()
        assert (await slow.wait()).kind == "interrupted"
        assert (await waits).kind == "success"
        with pytest.raises(BadRequest, match="priority"):
            ptyd.run("hello", priority=1000)

    with_connection(runner, story)


def test_blocking(runner: Runner) -> None:
    with connect_blocking(f"unix://{runner.ptyd.sock_path}") as ptyd:
        run = ptyd.run("hello", **runner.place)
        events = list(run)
        assert isinstance(events[-1], RunResult)
        assert run.outcome is not None
        assert run.outcome.result == "You said: hello"
        assert ptyd.follow_run(run.id).wait().kind == "success"
        assert [info.id for info in ptyd.runs()] == [run.id]
