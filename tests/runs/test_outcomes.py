"""How runs of the real Claude Code end: each row of the table in core/runs/run_outcome.py."""

import signal
import socket
from pathlib import Path

import pytest

from tests.runs.conftest import Configure, Runner
from tests.support.daemon import RequestFailed
from tests.support.fake_messages_api import FakeMessagesApi, HttpError, ToolUse
from tests.support.waiting import wait_until


def test_done(runner: Runner, api: FakeMessagesApi) -> None:
    prompt = "-- say 'ü' --model x\nand \"this\" $HOME"
    info = runner.start(prompt, label="NIGHTLY")
    assert (info["state"], info["label"], info["prompt"]) == ("running", "NIGHTLY", " ".join(prompt.split()))
    outcome = runner.wait(info["id"])
    assert (outcome["kind"], outcome["message"], outcome["exit_code"]) == ("success", "", 0)
    assert outcome["result"] == f"You said: {prompt}"
    assert (outcome["turns"], outcome["input_tokens"], outcome["output_tokens"]) == (1, 10, 10)
    assert outcome["cost_usd"] > 0
    assert outcome["conversation"] == info["conversation"]
    assert api.turns[0].prompt.strip() == prompt


def test_it_is_a_session(runner: Runner) -> None:
    run_id = runner.start("hello", name="greeting")["id"]
    runner.wait(run_id)
    session = runner.info("greeting")
    assert (session["id"], session["kind"], session["state"], session["title"]) == (run_id, "run", "exited", "hello")
    assert (session["engine"], session["run"]["outcome"]["kind"]) == ("none", "success")
    assert [run["id"] for run in runner.ptyd.request("run_list")] == [run_id]
    assert session["conversation"]["id"] == session["run"]["conversation"]
    [row] = runner.ptyd.request("cost", by="session")["rows"]
    assert (row["key"], row["label"], row["cost_usd"] > 0) == (run_id, "greeting", True)
    with pytest.raises(RequestFailed, match=r"bad_request.*takes no input"):
        runner.ptyd.request("send", session=run_id, data=b"x")
    with pytest.raises(RequestFailed, match=r"bad_request.*is a run"):
        runner.ptyd.request("keep", session=run_id, keep="always")
    with pytest.raises(RequestFailed, match=r"bad_request.*method run"):
        runner.ptyd.request("create", kind="run", argv=["true"])


def test_a_tool_is_used(runner: Runner, api: FakeMessagesApi) -> None:
    api.script(
        "use it", ["Looking. ", ToolUse("Bash", {"command": "echo hi there", "description": "say hi"})], ["done"]
    )
    info = runner.start("use it")
    outcome = runner.wait(info["id"])
    assert (outcome["kind"], outcome["result"], outcome["turns"], outcome["denied"]) == ("success", "done", 2, [])
    kinds = [line["type"] for line in runner.read_lines(info["id"])]
    assert kinds[0] == "system"
    assert kinds[-1] == "result"
    assert {"stream_event", "assistant", "user"} <= set(kinds)


def test_a_tool_is_not_permitted(runner: Runner, api: FakeMessagesApi) -> None:
    tool = ToolUse("Write", {"file_path": str(runner.claude.cwd / "new"), "content": "x"})
    api.script("write it", [tool], ["I may not."])
    outcome = runner.run("write it")
    assert (outcome["kind"], outcome["denied"], outcome["exit_code"]) == ("success", ["Write"], 0)
    assert not (runner.claude.cwd / "new").exists()


def test_too_many_turns(runner: Runner, api: FakeMessagesApi) -> None:
    api.script("go on", [ToolUse("Bash", {"command": "echo hi", "description": "say hi"})], ["done"])
    outcome = runner.run("go on", max_turns=1)
    assert (outcome["kind"], outcome["exit_code"]) == ("max_turns", 1)
    assert "allow more" in outcome["message"]


@pytest.mark.parametrize("status", [400, 401, 404, 429, 500, 529])
def test_the_api_refuses(runner: Runner, api: FakeMessagesApi, status: int) -> None:
    api.script("fail", [HttpError(status, "scripted refusal")])
    outcome = runner.run("fail", env=runner.claude.env | {"CLAUDE_CODE_MAX_RETRIES": "0"})
    assert (outcome["kind"], outcome["exit_code"]) == ("api_error", 1)
    assert outcome["result"] == ""
    assert outcome["message"].startswith("the API refused or was not reached: ")


def test_the_api_is_not_there(runner: Runner) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))  # and does not listen
        url = f"http://127.0.0.1:{taken.getsockname()[1]}"
        outcome = runner.run("hello", env=runner.claude.env | {"ANTHROPIC_BASE_URL": url})
    assert (outcome["kind"], outcome["exit_code"]) == ("api_error", 1)


def test_it_does_not_begin(runner: Runner) -> None:
    outcome = runner.run("hello", resume="no-such-conversation")
    assert (outcome["kind"], outcome["exit_code"], outcome["conversation"]) == ("refused", 1, "")
    assert "no-such-conversation" in outcome["message"]
    settings = runner.claude.cwd / ".mcp.json"
    settings.write_text("{")
    bad = runner.claude.cwd / "bad-flag"
    bad.write_text(f'#!/bin/sh\nexec {runner.claude.program} "$@" --no-such-flag\n')
    bad.chmod(0o755)
    outcome = runner.run("hello", program=str(bad))
    assert (outcome["kind"], outcome["exit_code"]) == ("refused", 1)
    assert "--no-such-flag" in outcome["message"]
    assert "--no-such-flag" in outcome["stderr"]


def test_interrupted(runner: Runner, api: FakeMessagesApi) -> None:
    middle = api.gate()
    api.script("slowly", ["one, ", middle, "two"])
    run_id = runner.start("slowly")["id"]
    middle.wait_reached()
    runner.ptyd.request("run_stop", run=run_id)
    outcome = runner.wait(run_id)
    assert (outcome["kind"], outcome["exit_code"]) == ("interrupted", 0)
    assert runner.info(run_id)["end_reason"] == "it was interrupted"
    assert runner.read_lines(run_id)[-1]["subtype"] == "error_during_execution"
    assert runner.ptyd.request("run_stop", run=run_id)["state"] == "ended"


def test_by_a_signal(runner: Runner, api: FakeMessagesApi) -> None:
    for number, kind, code in ((signal.SIGINT, "interrupted", 0), (signal.SIGTERM, "terminated", 143)):
        middle = api.gate()
        api.script(f"slowly {number.name}", ["one, ", middle, "two"])
        run_id = runner.start(f"slowly {number.name}")["id"]
        middle.wait_reached()
        runner.ptyd.request("signal", session=run_id, signal=number.name)
        outcome = runner.wait(run_id)
        assert (outcome["kind"], outcome["exit_code"]) == (kind, code)


def test_killed_with_all_that_it_has_started(runner: Runner) -> None:
    run_id, tool = runner.start_sleeper("sleep")
    runner.ptyd.request("kill", session=run_id, grace_seconds=0)
    outcome = runner.wait(run_id)
    assert outcome["kind"] in {"killed", "terminated"}
    assert outcome["exit_signal"] == 9 or outcome["exit_code"] in {129, 143}
    runner.wait_gone(tool)


def test_interrupted_with_all_that_it_has_started(runner: Runner) -> None:
    run_id, tool = runner.start_sleeper("sleep")
    runner.ptyd.request("run_stop", run=run_id)
    assert runner.wait(run_id)["kind"] == "interrupted"
    runner.wait_gone(tool)


def test_out_of_time(runner: Runner, api: FakeMessagesApi) -> None:
    never = api.gate()
    api.script("slowly", ["one, ", never, "two"])
    run_id = runner.start("slowly", timeout_seconds=3)["id"]
    outcome = runner.wait(run_id)
    assert outcome["kind"] == "timeout"
    assert "more time" in outcome["message"]
    assert runner.info(run_id)["end_reason"] == "it took longer than it was allowed"


def test_out_of_time_and_deaf(runner: Runner, tmp_path: Path) -> None:
    """What ignores SIGINT and SIGTERM is killed, and its children with it."""
    deaf = tmp_path / "deaf"
    deaf.write_text("#!/bin/sh\ntrap '' INT TERM HUP\nsetsid sleep 600 &\necho $! > child\nwhile :; do sleep 1; done\n")
    deaf.chmod(0o755)
    run_id = runner.start("hello", program=str(deaf), cwd=str(tmp_path), timeout_seconds=0.5)["id"]
    outcome = runner.wait(run_id)
    assert (outcome["kind"], outcome["exit_signal"]) == ("timeout", 9)
    runner.wait_gone(int((tmp_path / "child").read_text()))


def test_resumed_by_id(runner: Runner, api: FakeMessagesApi) -> None:
    first = runner.run("remember 42")
    second = runner.run("what was it?", resume=first["conversation"])
    assert (second["kind"], second["conversation"]) == ("success", first["conversation"])
    told = str(api.turns[-1].body["messages"])
    assert "remember 42" in told
    assert second["cost_usd"] > first["cost_usd"]
    fork = runner.run("and now?", resume=first["conversation"], fork=True)
    assert fork["kind"] == "success"
    assert fork["conversation"] not in {"", first["conversation"]}
    assert "what was it?" in str(api.turns[-1].body["messages"])


def test_the_model_is_passed_on(runner: Runner, api: FakeMessagesApi) -> None:
    assert runner.run("hello", model="claude-test-model")["kind"] == "success"
    assert api.turns[-1].body["model"] == "claude-test-model"
    # A value is never taken for a flag.
    assert runner.run("hello", model="--version")["kind"] != "lost"
    assert api.turns[-1].body["model"] == "--version"


def test_without_pieces(runner: Runner) -> None:
    run_id = runner.start("hello", partial=False)["id"]
    runner.wait(run_id)
    assert "stream_event" not in {line["type"] for line in runner.read_lines(run_id)}


@pytest.mark.parametrize(
    ("params", "code"),
    [
        ({"program": "no-such-claude"}, "command_not_found"),
        ({"cwd": "/no/such/place"}, "no_such_directory"),
        ({"cwd": "relative"}, "bad_request"),
        ({"name": "no name"}, "bad_name"),
        ({"fork": True}, "bad_request"),
        ({"prompt": "  \n"}, "bad_request"),
    ],
)
def test_it_cannot_be_started(runner: Runner, params: dict[str, object], code: str) -> None:
    with pytest.raises(RequestFailed) as refused:
        runner.start(**{"prompt": "hello", **params})  # type: ignore[arg-type]
    assert refused.value.code == code
    assert runner.ptyd.request("run_list") == []
    assert list((runner.ptyd.runtime_dir / "runs").iterdir()) == []
    assert list((runner.ptyd.runtime_dir / "sessions").iterdir()) == []


def test_a_limit_ends_it_and_is_named(configure: Configure, api: FakeMessagesApi) -> None:
    runner = configure(PTYD_LIMIT_LIFETIME_SECONDS="4")
    never = api.gate()
    api.script("slowly", ["one, ", never, "two"])
    run_id = runner.start("slowly")["id"]
    outcome = runner.wait(run_id)
    assert outcome["kind"] in {"terminated", "killed"}
    reason = runner.info(run_id)["end_reason"]
    assert "lifetime" in reason
    assert reason in outcome["message"]


def test_a_program_that_complains_without_end(runner: Runner, tmp_path: Path) -> None:
    """Its standard error is bounded, and what is told is its end."""
    loud = tmp_path / "loud"
    loud.write_text(
        "#!/bin/sh\nhead -c 3000000 /dev/zero | tr '\\0' x >&2\n"
        f"until [ -e {tmp_path}/go ]; do sleep 0.1; done\necho the end >&2\nexit 1\n"
    )
    loud.chmod(0o755)
    run_id = runner.start("hello", program=str(loud), cwd=str(tmp_path))["id"]
    errors = runner.ptyd.runtime_dir / "sessions" / f"{run_id}.stderr"
    wait_until(lambda: errors.exists() and 0 < errors.stat().st_size < 100_000, 30, what="the file to be cut")
    (tmp_path / "go").touch()
    outcome = runner.wait(run_id)
    assert outcome["kind"] == "refused"
    assert outcome["stderr"].endswith("xxxthe end\n")
    assert len(outcome["stderr"]) == 8000
