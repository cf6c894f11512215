"""What sessions do, on the command line: ls, wait --state, explain, events."""

import json
import subprocess
import time
from collections.abc import Iterator

import pytest
from ptyd_cli.activity_words import describe_activity, wants_attention
from ptyd_cli.verbs.ls import format_sessions
from ptyd_protocol.activity import Activity
from ptyd_protocol.sessions import SessionInfo

from tests.sdk.scripted_daemon import session_info
from tests.support.daemon import PTYD_COMMAND, PtydUnderTest


@pytest.fixture
def ringing(ptyd: PtydUnderTest) -> Iterator[str]:
    """A session whose bell was rung."""
    ptyd.cli("new", "-d", "-n", "ringing", "--", "sh", "-c", r"printf '\a'; cat", check=True)
    yield "ringing"
    ptyd.cli("kill", "ringing")
    ptyd.cli("kill", "ringing")


def test_wait_for_a_state(ptyd: PtydUnderTest, ringing: str) -> None:
    done = ptyd.cli("wait", ringing, "--state", "bell", "--timeout", "20", "--json", check=True)
    assert json.loads(done.stdout)["activity"]["state"] == "bell"
    late = ptyd.cli("wait", ringing, "--state", "idle", "--state", "waiting", "--timeout", "0.1")
    assert late.returncode == 124
    assert "within 0.1 s" in late.stderr
    assert ptyd.cli("wait", ringing, "--state", "bored").returncode == 2
    assert ptyd.cli("wait", ringing, "--state", "idle", "--exit").returncode == 2


def test_explain(ptyd: PtydUnderTest, ringing: str) -> None:
    ptyd.cli("wait", ringing, "--state", "bell", "--timeout", "20", check=True)
    text = ptyd.cli("explain", ringing, check=True).stdout
    assert text.startswith("ringing: bell ")
    assert "because nothing that is trusted more says anything, and the bell was rung" in text
    assert json.loads(ptyd.cli("explain", ringing, "--json", check=True).stdout)["evidence"]
    assert ptyd.cli("explain", "nobody").returncode == 3


def test_ls_shows_those_first_that_want_somebody(ptyd: PtydUnderTest, ringing: str) -> None:
    ptyd.cli("wait", ringing, "--state", "bell", "--timeout", "20", check=True)
    ptyd.cli("new", "-d", "-n", "older", "--", "cat", check=True)
    lines = ptyd.cli("ls", check=True).stdout.splitlines()
    assert lines[1].split()[:4] == ["ringing", lines[1].split()[1], "running", "bell"]
    ptyd.cli("kill", "older")


def test_events_that_were(ptyd: PtydUnderTest, ringing: str) -> None:
    lines = ptyd.cli("events", ringing, check=True).stdout.splitlines()
    assert lines[0].split()[2:4] == ["created", "ringing"]
    events = [json.loads(line) for line in ptyd.cli("events", "--json", check=True).stdout.splitlines()]
    since = next(event["seq"] for event in events if event["data"].get("name") == "ringing")
    after = ptyd.cli("events", "--json", "--since", str(since), check=True).stdout.splitlines()
    assert [json.loads(line)["seq"] for line in after] == [event["seq"] for event in events if event["seq"] > since]


def test_events_as_they_come_over_a_kill_of_the_daemon(ptyd: PtydUnderTest, ringing: str) -> None:
    following = subprocess.Popen(
        [PTYD_COMMAND, "events", ringing, "--follow", "--since", "0", "--json"],
        env=ptyd.env,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert following.stdout is not None
    try:
        assert any(json.loads(line)["kind"] == "created" for line in following.stdout)
        ptyd.wait_for_new_daemon(ptyd.kill_daemon())
        ptyd.cli("rename", ringing, "renamed", check=True)
        kinds = []
        for line in following.stdout:
            kinds.append(json.loads(line)["kind"])
            if kinds[-1] == "renamed":
                break
        assert "missed" in kinds
        ptyd.cli("rename", "renamed", ringing, check=True)
    finally:
        following.terminate()
        following.communicate()


def info_of(**activity: object) -> SessionInfo:
    started = {"state": "idle", "since": time.time() - 200}
    return session_info(name="s", activity=Activity(**(started | activity)))  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("activity", "words"),
    [
        (
            {"state": "waiting", "waits_for": "permission", "tool": "Bash", "tool_detail": "rm -r x"},
            "waiting for permission 3m: Bash rm -r x",
        ),
        ({"state": "waiting", "waits_for": "input", "detail": "dialog open"}, "waiting for input 3m: dialog open"),
        ({"state": "working", "prompt": "mend it"}, "working 3m: mend it"),
        ({"state": "working", "prompt": "mend it", "tool": "Read"}, "working 3m: Read"),
        ({"background_tasks": 2}, "idle 3m: 2 in the background"),
        ({"detail": "API Error: 400"}, "idle 3m: API Error: 400"),
        ({"state": "exited"}, ""),
    ],
)
def test_words(activity: dict[str, object], words: str) -> None:
    assert describe_activity(info_of(**activity)) == words


def test_a_daemon_that_does_not_say() -> None:
    assert describe_activity(session_info()) == ""
    assert not wants_attention(session_info())


def test_control_characters_of_a_prompt_do_nothing() -> None:
    table = format_sessions([info_of(state="working", prompt="a\x1b]0;x\x07b")], is_long=False)
    assert "\x1b" not in table
    assert "\x07" not in table
