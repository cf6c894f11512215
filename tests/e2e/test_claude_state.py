"""What the daemon says of the real Claude Code, turn by turn, beside what the API knows to be true.

A few turns of each kind in CI. With PTYD_SOAK=1 three hundred, and the figures are printed: run it with -s.
"""

import statistics
import tempfile
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.support.claude import HermeticClaude, make_hermetic_claude
from tests.support.claude_turns import TURNS, ClaudeUnderWatch, Report, Witness, watched
from tests.support.daemon import PtydUnderTest
from tests.support.fake_messages_api import FakeMessagesApi, ToolUse
from tests.support.soak import IS_SOAKING, choose_scale
from tests.support.waiting import wait_until

pytestmark = [pytest.mark.claude, pytest.mark.timeout(3600 if IS_SOAKING else 300)]

ROUNDS = choose_scale(1, 25)
"""Of all twelve kinds of turns."""


@pytest.fixture
def witness(ptyd: PtydUnderTest) -> Iterator[Witness]:
    with watched(ptyd) as witness:
        yield witness


def test_every_state_is_right(
    ptyd: PtydUnderTest, claude: HermeticClaude, api: FakeMessagesApi, witness: Witness
) -> None:
    report, kinds = Report(), Counter[str]()
    for _ in range(ROUNDS):
        it = ClaudeUnderWatch(ptyd, claude, api, witness, report)
        for kind, play in TURNS.items():
            try:
                play(it)
                it.finish_turn()
            except AssertionError:
                kinds[f"wrong: {kind}"] += 1
                if not IS_SOAKING:
                    raise
                print(report.wrong[-1] if report.wrong else kind, flush=True)
                it = start_again(it)
        ptyd.request("kill", session=it.session)
        print_report(report, kinds)
    assert report.wrong == [], "\n".join(report.wrong)
    assert witness.seqs == list(range(witness.seqs[0], witness.seqs[-1] + 1))


def start_again(it: ClaudeUnderWatch) -> ClaudeUnderWatch:
    """After a state that was wrong nobody knows where it is."""
    it.ptyd.request("kill", session=it.session)
    return ClaudeUnderWatch(it.ptyd, it.claude, it.api, it.witness, it.report)


def print_report(report: Report, kinds: Counter[str]) -> None:
    print(f"\n{report.turns} turns, {report.right} changes of state right, {len(report.wrong)} wrong {dict(kinds)}")
    told = {
        "told after the program's own stamp": report.delays,
        "told after the program has written it down": report.delays_since_written,
    }
    for name, delays in {**told, **report.delays_since_cause}.items():
        if len(delays) > 1:
            percentiles = statistics.quantiles(delays, n=100, method="inclusive")
            p50, p99, most = (f"{one * 1000:.0f}" for one in (percentiles[49], percentiles[98], max(delays)))
            print(f"  {name}: p50 {p50}, p99 {p99}, max {most} ms of {len(delays)}", flush=True)


def test_the_users_own_hooks_run_beside_ours(
    ptyd: PtydUnderTest, claude: HermeticClaude, api: FakeMessagesApi, tmp_path: Path
) -> None:
    """Those of --settings, and those of the user's settings file."""
    ours, theirs = tmp_path / "given", tmp_path / "own"
    hook = '{"hooks": {"Stop": [{"hooks": [{"type": "command", "command": "cat > %s"}]}]}}'
    (claude.home / ".claude").mkdir(exist_ok=True)
    (claude.home / ".claude" / "settings.json").write_text(hook % theirs)
    argv = [*claude.argv, "--settings", hook % ours]
    session = create(ptyd, claude, argv=argv)
    wait_for_state(ptyd, session, "idle")
    ptyd.request("send", session=session, data=b"hello\r")
    wait_until(lambda: ours.exists() and theirs.exists(), 30)
    wait_until(lambda: "the hook Stop ran" in [one["text"] for one in explain(ptyd, session)["evidence"]])


def test_it_is_harmless_where_the_daemon_is_away(
    ptyd: PtydUnderTest, claude: HermeticClaude, api: FakeMessagesApi
) -> None:
    """A turn with a tool goes through without it, nothing of hooks is on the screen, and the next daemon knows."""
    session = create(ptyd, claude)
    wait_for_state(ptyd, session, "idle")
    middle, notes = api.gate(), claude.cwd / "notes.md"
    notes.write_text("in the project, so it may be read")
    api.script("go on alone", [middle, ToolUse("Read", {"file_path": str(notes)})], ["all done."])
    ptyd.request("send", session=session, data=b"go on alone\r")
    middle.wait_reached()
    ptyd.request("shutdown")
    middle.open()
    api.wait_for_turn(2)
    wait_until(lambda: claude.read_status() == "idle", 30)
    assert ptyd.daemon_pid()
    activity = ptyd.request("get", session=session)["activity"]
    assert (activity["state"], activity["prompt"]) == ("idle", "go on alone")
    text = ptyd.request("capture", session=session)["text"]
    assert "all done." in text
    assert "hook" not in text.lower()
    wait_until(lambda: any("Stop" in one["text"] for one in explain(ptyd, session)["evidence"]))


def test_it_knows_after_a_kill_of_the_daemon(ptyd: PtydUnderTest, claude: HermeticClaude, api: FakeMessagesApi) -> None:
    session = create(ptyd, claude)
    wait_for_state(ptyd, session, "idle")
    never = api.gate()
    api.script("ask first", [ToolUse("Bash", {"command": "echo x > y", "description": "writes"})], ["done.", never])
    ptyd.request("send", session=session, data=b"ask first\r")
    wait_for_state(ptyd, session, "waiting")
    before = wait_until(lambda: (one := get(ptyd, session)["activity"])["tool"] == "Bash" and one)
    wait_until(lambda: "Do you want to proceed?" in ptyd.request("capture", session=session)["text"])
    ptyd.wait_for_new_daemon(ptyd.kill_daemon())
    after = get(ptyd, session)["activity"]
    assert (after["state"], after["waits_for"], after["since"]) == ("waiting", "permission", before["since"])
    ptyd.request("send", session=session, data=b"1")
    wait_for_state(ptyd, session, "working")


def test_the_dialog_before_the_start(ptyd: PtydUnderTest, api: FakeMessagesApi) -> None:
    """Nothing but the screen tells of it."""
    with tempfile.TemporaryDirectory(prefix="cl-", dir="/tmp", ignore_cleanup_errors=True) as place:
        claude = make_hermetic_claude(Path(place), api.url)
        (claude.cwd / "sub").mkdir()
        settings = claude.home / ".claude.json"
        settings.write_text(settings.read_text().replace("hasTrustDialogAccepted", "somethingElse"))
        session = create(ptyd, claude)
        wait_for_state(ptyd, session, "waiting")
        activity = get(ptyd, session)["activity"]
        assert (activity["waits_for"], activity["source"]) == ("input", "screen")
        ptyd.request("send", session=session, data=b"\x1b[B\r")
        wait_for_state(ptyd, session, "idle")


def create(ptyd: PtydUnderTest, claude: HermeticClaude, argv: list[str] | None = None) -> str:
    session: str = ptyd.request(
        "create", argv=argv or claude.argv, cwd=str(claude.cwd), env=claude.env, kind="claude", cols=100, rows=30
    )["id"]
    return session


def get(ptyd: PtydUnderTest, session: str) -> dict[str, Any]:
    result: dict[str, Any] = ptyd.request("get", session=session)
    return result


def explain(ptyd: PtydUnderTest, session: str) -> dict[str, Any]:
    result: dict[str, Any] = ptyd.request("explain", session=session)
    return result


def wait_for_state(ptyd: PtydUnderTest, session: str, state: str) -> None:
    ptyd.request("wait_state", session=session, states=[state], timeout_seconds=40)
