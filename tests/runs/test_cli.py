"""``ptyd run`` and ``ptyd runs`` with the real Claude Code."""

import json
import signal
import subprocess
from typing import Any

import pytest

from tests.runs.conftest import Configure, Runner
from tests.support.daemon import PTYD_COMMAND
from tests.support.fake_messages_api import FakeMessagesApi, HttpError
from tests.support.terminal import RealTerminal
from tests.support.waiting import stretch_deadline


@pytest.fixture
def runner(configure: Configure) -> Runner:
    return configure()


def variables(runner: Runner) -> dict[str, str]:
    """What the user's own shell would have."""
    return {"PTYD_CLAUDE": str(runner.claude.program)}


def options(runner: Runner) -> list[str]:
    """What no session inherits by itself."""
    passed = [f"-e{name}={value}" for name, value in runner.claude.env.items() if name != "PATH"]
    return [*passed, "--cwd", str(runner.claude.cwd)]


def run(runner: Runner, *arguments: str, stdin: str | None = None) -> Any:
    return runner.ptyd.cli("run", *options(runner), *arguments, stdin=stdin, **variables(runner))


def test_the_answer(runner: Runner) -> None:
    finished = run(runner, "hello, ü")
    assert (finished.returncode, finished.stdout, finished.stderr) == (0, "You said: hello, ü\n", "")
    finished = run(runner, "-", stdin="from a pipe\n")
    assert (finished.returncode, finished.stdout) == (0, "You said: from a pipe\n")
    assert run(runner, stdin="so, too").stdout == "You said: so, too\n"


def test_as_json_and_resumed(runner: Runner, api: FakeMessagesApi) -> None:
    outcome = json.loads(run(runner, "--json", "remember 42").stdout)
    assert (outcome["kind"], outcome["turns"]) == ("success", 1)
    again = run(runner, "--json", "--resume", outcome["conversation"], "--model", "claude-other", "and?")
    assert json.loads(again.stdout)["conversation"] == outcome["conversation"]
    assert "remember 42" in str(api.turns[-1].body["messages"])
    assert api.turns[-1].body["model"] == "claude-other"


def test_as_a_stream(runner: Runner) -> None:
    finished = run(runner, "--stream", "hello")
    lines = [json.loads(line) for line in finished.stdout.splitlines()]
    [info] = runner.ptyd.request("run_list")
    assert lines == runner.read_lines(info["id"])
    assert "stream_event" in {line["type"] for line in lines}


def test_failures(runner: Runner, api: FakeMessagesApi) -> None:
    api.script("fail", [HttpError(400, "scripted refusal")])
    finished = run(runner, "fail")
    assert (finished.returncode, finished.stdout) == (1, "")
    assert finished.stderr.startswith("ptyd: api error: the API refused or was not reached: ")
    never = api.gate()
    api.script("slowly", ["one, ", never, "two"])
    finished = run(runner, "--timeout", "2s", "slowly")
    assert finished.returncode == 124
    assert finished.stderr.startswith("ptyd: timeout: ")


@pytest.mark.parametrize(
    "arguments",
    [["--json", "--stream", "x"], ["--fork", "x"], ["--max-turns", "0", "x"], ["--timeout", "soon", "x"], [" "]],
)
def test_usage(runner: Runner, arguments: list[str]) -> None:
    assert run(runner, *arguments).returncode == 2
    assert runner.ptyd.request("run_list") == []


def test_interrupted_by_the_keyboard(runner: Runner, api: FakeMessagesApi) -> None:
    middle = api.gate()
    api.script("slowly", ["one, ", middle, "two"])
    with subprocess.Popen(
        [PTYD_COMMAND, "run", *options(runner), "slowly"],
        env=runner.ptyd.env | variables(runner),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    ) as process:
        middle.wait_reached()
        process.send_signal(signal.SIGINT)
        _, errors = process.communicate(timeout=stretch_deadline(30))
    assert process.returncode == 130
    assert errors.startswith(b"ptyd: interrupted: it was interrupted; its conversation can be resumed")
    assert api.turns[0].hung_up


def test_detached_listed_and_stopped(configure: Configure, api: FakeMessagesApi) -> None:
    runner = configure(PTYD_MAX_RUNS="1")
    assert runner.ptyd.cli("runs", check=True).stdout == "no runs; `ptyd run PROMPT` starts one\n"
    middle = api.gate()
    api.script("slowly", ["one, ", middle, "two"])
    first = run(runner, "-d", "-n", "first", "slowly").stdout.strip()
    middle.wait_reached()
    second = run(runner, "-d", "--priority", "5", "second").stdout.strip()
    head, *rows = [line.split() for line in runner.ptyd.cli("runs", check=True).stdout.splitlines()]
    assert head == ["ID", "NAME", "STATE", "AGE", "PRIORITY", "TURNS", "COST", "PROMPT"]
    assert rows[0][:3] == [second, "waits,", "1"]
    assert rows[1][:3] == [first, "first", "running"]
    for run_id in (second, "first"):
        assert runner.ptyd.cli("runs", "--stop", run_id, check=True).stdout == ""
    assert runner.wait(first)["kind"] == "interrupted"
    [listed] = json.loads(runner.ptyd.cli("runs", "--json", check=True).stdout)
    assert (listed["id"], listed["outcome"]["kind"]) == (first, "interrupted")
    assert runner.ptyd.cli("runs", "--stop", "nobody").returncode == 3


def test_it_cannot_be_attached_to(runner: Runner) -> None:
    run_id = run(runner, "-d", "hello").stdout.strip()
    with RealTerminal([PTYD_COMMAND, "attach", run_id], runner.ptyd.env) as terminal:
        assert terminal.wait_for_end() == 5
        assert "takes no input" in terminal.text()
    runner.wait(run_id)
