"""Conversations of the real Claude Code: listed, searched, exported, resumed, forked, paid for; and sessions that come
back after everything has ended."""

import json
import os
import re
import signal
import subprocess
from pathlib import Path
from typing import Any

import pytest

from tests.support.claude import HermeticClaude
from tests.support.daemon import PtydUnderTest, running_ptyd, start_keeper, stop_ptyd
from tests.support.fake_messages_api import FakeMessagesApi, ToolUse
from tests.support.waiting import wait_until

pytestmark = [pytest.mark.claude, pytest.mark.timeout(180)]

USAGE = {"input_tokens": 1000, "output_tokens": 20, "cache_creation_input_tokens": 300, "cache_read_input_tokens": 4000}


def begin(ptyd: PtydUnderTest, claude: HermeticClaude, name: str, **more: Any) -> dict[str, Any]:
    """A session with Claude Code, ready for a prompt."""
    params = {"argv": claude.argv, "cwd": str(claude.cwd), "env": claude.env, "kind": "claude", "name": name}
    info: dict[str, Any] = ptyd.request("create", **params, **more)
    wait_until_ready(ptyd, claude, name)
    return info


def wait_until_ready(ptyd: PtydUnderTest, claude: HermeticClaude, name: str) -> None:
    """It waits for a prompt: the very process of this session, for one that was killed leaves its word behind."""
    pid = ptyd.request("get", session=name)["pid"]

    def status() -> str:
        try:
            said = json.loads((claude.home / ".claude" / "sessions" / f"{pid}.json").read_text())
        except (OSError, ValueError):  # being rewritten
            return ""
        return str(said.get("status"))

    wait_until(lambda: status() == "idle", 30, lambda: screen_of(ptyd, name))


def screen_of(ptyd: PtydUnderTest, name: str) -> str:
    return str(ptyd.request("capture", session=name)["text"])


def say(ptyd: PtydUnderTest, claude: HermeticClaude, api: FakeMessagesApi, name: str, text: str) -> None:
    """Type a prompt and wait for the end of the answer."""
    turns = len(api.turns)
    ptyd.request("send", session=name, data=text.encode())
    wait_until(lambda: f"❯ {text}" in screen_of(ptyd, name).replace("\xa0", " "), 30, lambda: screen_of(ptyd, name))
    ptyd.request("send", session=name, data=b"\r")
    api.wait_for_turn(turns + 1)
    wait_until_ready(ptyd, claude, name)
    wait_until(lambda: find_answers(ptyd, text), what=f"an answer to {text!r} in the transcript")


def find_answers(ptyd: PtydUnderTest, text: str) -> list[dict[str, Any]]:
    hits = ptyd.request("conversation_search", text=text)["hits"]
    return [excerpt for hit in hits for excerpt in hit["excerpts"] if excerpt["role"] == "assistant"]


def leave(ptyd: PtydUnderTest, name: str) -> None:
    ptyd.request("send", session=name, data=b"/exit\r")
    ptyd.request("wait", session=name, until="exit", timeout_seconds=30)


def run_once(claude: HermeticClaude, *arguments: str) -> dict[str, Any]:
    """``claude -p``; its result."""
    done = subprocess.run(
        [*claude.argv, "-p", "--output-format", "json", *arguments],
        env=claude.env,
        cwd=claude.cwd,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        check=True,
    )
    result: dict[str, Any] = json.loads(done.stdout)
    return result


def conversation(ptyd: PtydUnderTest, conversation_id: str) -> dict[str, Any]:
    found = ptyd.request("conversations")["conversations"]
    return next(one for one in found if one["id"] == conversation_id)


def test_listed_searched_resumed_forked_and_exported(
    ptyd: PtydUnderTest, claude: HermeticClaude, api: FakeMessagesApi, tmp_path: Path
) -> None:
    info = begin(ptyd, claude, "first")
    known = info["conversation"]["id"]
    say(ptyd, claude, api, "first", "remember the number 4711")

    [listed] = json.loads(ptyd.cli("conversations", "--cwd", str(claude.cwd), "--json", check=True).stdout)
    assert (listed["id"], listed["title"], listed["session"]) == (known, "remember the number 4711", info["id"])
    assert (listed["cwd"], listed["messages"]) == (str(claude.cwd), 2)
    assert listed["path"] == info["conversation"]["path"]
    assert listed["size"] == Path(listed["path"]).stat().st_size
    assert json.loads(ptyd.cli("conversations", "--cwd", str(tmp_path), "--json", check=True).stdout) == []
    found = ptyd.cli("conversations", "search", "NUMBER 47", check=True).stdout
    assert "user: remember the number 4711" in found

    assert re.search(
        rf"^{known[:8]} .*  first +{claude.cwd}", ptyd.cli("conversations", check=True).stdout, re.MULTILINE
    )

    refused = ptyd.cli("resume", known[:8], "-d")
    assert refused.returncode == 2 and "`ptyd attach first`" in refused.stderr
    leave(ptyd, "first")
    environment = [word for name, value in claude.env.items() for word in ("-e", f"{name}={value}")]
    as_here = [*environment, "-d", "--json"]
    resumed = json.loads(ptyd.cli("resume", known[:8], "-n", "again", *as_here, check=True).stdout)
    assert (resumed["name"], resumed["cwd"], resumed["conversation"]["id"]) == ("again", str(claude.cwd), known)
    wait_until_ready(ptyd, claude, "again")
    say(ptyd, claude, api, "again", "which number was it?")
    assert "remember the number 4711" in json.dumps(api.turns[-1].body["messages"])
    leave(ptyd, "again")

    forked = json.loads(ptyd.cli("fork", known[:8], "-n", "copy", *as_here, check=True).stdout)
    assert forked["conversation"]["id"] != known
    wait_until_ready(ptyd, claude, "copy")
    say(ptyd, claude, api, "copy", "only in the copy")
    assert "remember the number 4711" in json.dumps(api.turns[-1].body["messages"])
    assert conversation(ptyd, known)["messages"] == 4
    assert conversation(ptyd, forked["conversation"]["id"])["messages"] == 6

    written = ptyd.cli("conversations", "export", "copy", check=True).stdout
    assert written.startswith("# remember the number 4711\n")
    assert written.index("which number was it?") < written.index("You said: only in the copy")
    page = tmp_path / "copy.html"
    ptyd.cli("conversations", "export", "copy", "--format", "html", "-o", str(page), check=True)
    assert "<p>only in the copy</p>" in page.read_text()
    [head, *messages] = json.loads(ptyd.cli("conversations", "export", "copy", "--format", "json", check=True).stdout)
    assert head["conversation"]["id"] == forked["conversation"]["id"]
    assert [one["role"] for one in messages] == ["user", "assistant"] * 3
    assert ptyd.cli("conversations", "export", "nobody").returncode == 3


def test_cost_is_what_the_cli_says(ptyd: PtydUnderTest, claude: HermeticClaude, api: FakeMessagesApi) -> None:
    """With tools (an answer in several lines), over a resume (which adds up) and a fork (which has it all again)."""
    ptyd.request("create", argv=claude.argv, cwd=str(claude.cwd), env=claude.env, kind="claude", name="any")
    api.usage = USAGE
    api.script("list files", ["I look. ", ToolUse("Bash", {"command": "echo hi", "description": "hi"})], ["Done."])
    first = run_once(claude, "please list files", "--allowedTools", "Bash")
    known = first["session_id"]
    listed = conversation(ptyd, known)
    assert (listed["cost_usd"], listed["estimated_usd"]) == (pytest.approx(first["total_cost_usd"]), 0)
    assert listed["tokens"] == {"input": 2000, "output": 40, "cache_read": 8000, "cache_write": 600}

    resumed = run_once(claude, "--resume", known, "another prompt")
    forked = run_once(claude, "--resume", known, "--fork-session", "in the fork")
    other = run_once(claude, "--model", "haiku", "on another model")
    assert conversation(ptyd, known)["cost_usd"] == pytest.approx(resumed["total_cost_usd"])
    copy = conversation(ptyd, forked["session_id"])
    assert copy["cost_usd"] + copy["inherited_usd"] == pytest.approx(forked["total_cost_usd"])
    assert copy["tokens"] == {"input": 1000, "output": 20, "cache_read": 4000, "cache_write": 300}

    everything = forked["total_cost_usd"] + other["total_cost_usd"]
    for by in ("day", "directory", "conversation", "session"):
        result = json.loads(ptyd.cli("cost", "--by", by, "--json", check=True).stdout)
        assert result["total"]["cost_usd"] == pytest.approx(everything)
        assert sum(row["cost_usd"] for row in result["rows"]) == pytest.approx(everything)
        assert (result["total"]["answers"], result["total"]["tokens"]["input"]) == (5, 5000)
    assert f"${everything:.4f}" in ptyd.cli("cost", check=True).stdout


def test_an_estimate_is_what_it_turns_out_to_cost(
    ptyd: PtydUnderTest, claude: HermeticClaude, api: FakeMessagesApi
) -> None:
    """While it runs its cost is estimated; after a SIGKILL it stays so, and nothing is lost."""
    api.usage = USAGE
    info = begin(ptyd, claude, "one")
    known = info["conversation"]["id"]
    say(ptyd, claude, api, "one", "hello there")
    estimate = conversation(ptyd, known)
    assert estimate["cost_usd"] == estimate["estimated_usd"] > 0
    assert "~$" in ptyd.cli("cost", check=True).stdout
    leave(ptyd, "one")
    true_cost = conversation(ptyd, known)
    assert (true_cost["cost_usd"], true_cost["estimated_usd"]) == (pytest.approx(estimate["cost_usd"]), 0)

    resumed = ptyd.request("resume", conversation=known, program=str(claude.program), env=claude.env)
    wait_until_ready(ptyd, claude, resumed["id"])
    say(ptyd, claude, api, resumed["id"], "killed in the end")
    os.kill(resumed["pid"], signal.SIGKILL)
    ptyd.request("wait", session=resumed["id"], until="exit", timeout_seconds=30)
    last = run_once(claude, "--resume", known, "after the kill")
    assert last["total_cost_usd"] == pytest.approx(2 * estimate["cost_usd"]), "the CLI has forgotten the killed run"
    listed = conversation(ptyd, known)
    assert listed["cost_usd"] == pytest.approx(3 * estimate["cost_usd"])
    assert listed["estimated_usd"] == pytest.approx(estimate["cost_usd"])


def test_a_session_knows_its_conversation_after_clear(
    ptyd: PtydUnderTest, claude: HermeticClaude, api: FakeMessagesApi
) -> None:
    info = begin(ptyd, claude, "one", keep="ask")
    known = info["conversation"]["id"]
    say(ptyd, claude, api, "one", "hello there")
    ptyd.request("send", session="one", data=b"/clear\r")

    def moved() -> str:
        now = str(ptyd.request("get", session="one")["conversation"]["id"])
        return now if now != known else ""

    cleared = wait_until(moved, what="another conversation")
    api.script("after the clearing", ["This is after the clearing."])
    say(ptyd, claude, api, "one", "after the clearing")
    assert conversation(ptyd, cleared)["session"] == info["id"]
    assert conversation(ptyd, known)["session"] is None
    by_session = ptyd.request("cost", by="session")["rows"]
    assert [(row["label"], row["conversations"]) for row in by_session] == [("one", 2)]


def test_kept_sessions_come_back(claude: HermeticClaude, api: FakeMessagesApi) -> None:
    """``down --kill-sessions`` and ``up``: one is offered, one is there by itself, one is gone."""
    with running_ptyd() as ptyd:
        begun = {}
        for keep in ("never", "ask", "always"):
            limits = {"open_files": 4321}
            begun[keep] = begin(ptyd, claude, f"of-{keep}", keep=keep, limits=limits)["conversation"]["id"]
            say(ptyd, claude, api, f"of-{keep}", f"my word is {keep}")
        assert ptyd.request("kept") == []
        restart_everything(ptyd)

        [back] = wait_until(lambda: [one for one in ptyd.sessions() if one["state"] == "running"])
        assert (back["name"], back["cwd"], back["conversation"]["id"]) == (
            "of-always",
            str(claude.cwd),
            begun["always"],
        )
        assert back["limits"]["open_files"] == 4321
        wait_until_ready(ptyd, claude, "of-always")
        say(ptyd, claude, api, "of-always", "what was my word?")
        assert "my word is always" in json.dumps(api.turns[-1].body["messages"])

        [offered] = json.loads(ptyd.cli("resume", "--json", check=True).stdout)
        assert (offered["name"], offered["conversation"], offered["keep"]) == ("of-ask", begun["ask"], "ask")
        assert "of-ask" in ptyd.cli("resume", check=True).stdout
        resumed = json.loads(ptyd.cli("resume", "of-ask", "-d", "--json", check=True).stdout)
        assert (resumed["name"], resumed["conversation"]["id"]) == ("of-ask", begun["ask"])
        assert ptyd.request("kept") == []
        wait_until_ready(ptyd, claude, "of-ask")
        say(ptyd, claude, api, "of-ask", "and what was mine?")
        assert "my word is ask" in json.dumps(api.turns[-1].body["messages"])

        ptyd.request("kill", session="of-always")
        leave(ptyd, "of-ask")
        restart_everything(ptyd)
        assert (ptyd.sessions(), ptyd.request("kept")) == ([], [])


def restart_everything(ptyd: PtydUnderTest) -> None:
    """End daemon, keeper and sessions, and begin anew in the same directories."""
    assert stop_ptyd(ptyd) == []
    ptyd.keeper = start_keeper(ptyd.runtime_dir, ptyd.runtime_dir.parent, {})
    ptyd.daemon_pid()


def test_started_again_on_failure(ptyd: PtydUnderTest, claude: HermeticClaude, api: FakeMessagesApi) -> None:
    info = begin(ptyd, claude, "tough", restart_on_failure=True)
    say(ptyd, claude, api, "tough", "remember the number 4711")
    os.kill(info["pid"], signal.SIGKILL)

    def find_next() -> dict[str, Any] | None:
        running = [one for one in ptyd.sessions() if one["state"] == "running" and one["id"] != info["id"]]
        return running[0] if running else None

    again = wait_until(find_next, what="a next session")
    assert again is not None
    assert (again["name"], again["conversation"]["id"]) == ("tough", info["conversation"]["id"])
    wait_until_ready(ptyd, claude, "tough")
    say(ptyd, claude, api, "tough", "which number was it?")
    assert "remember the number 4711" in json.dumps(api.turns[-1].body["messages"])
    ptyd.request("kill", session="tough")
    assert [one["name"] for one in ptyd.sessions() if one["state"] == "running"] == []
