"""Permissions that the real Claude Code asks for, answered from elsewhere and in its own terminal."""

import json
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from ptyd_sdk import AlreadyAnswered, NoSuchApproval
from ptyd_sdk.blocking import connect

from tests.support.claude import HermeticClaude
from tests.support.daemon import PtydUnderTest, RequestFailed, running_ptyd
from tests.support.fake_messages_api import FakeMessagesApi, ToolUse
from tests.support.waiting import wait_until

pytestmark = [pytest.mark.claude, pytest.mark.timeout(180)]

QUESTION = {
    "questions": [
        {
            "question": "Which colour?",
            "header": "Colour",
            "multiSelect": False,
            "options": [{"label": "Red", "description": "warm"}, {"label": "Blue", "description": "cold"}],
        }
    ]
}


@dataclass
class Asker:
    """Claude Code in a session of a private ptyd."""

    ptyd: PtydUnderTest
    claude: HermeticClaude
    api: FakeMessagesApi
    session: str = ""

    def start(self) -> None:
        info = self.ptyd.request(
            "create",
            argv=self.claude.argv,
            cwd=str(self.claude.cwd),
            env=self.claude.env,
            kind="claude",
            name="asker",
            cols=100,
            rows=40,
        )
        self.session = info["id"]
        self.wait_state("idle")

    def wait_state(self, *states: str) -> None:
        self.ptyd.request("wait_state", session=self.session, states=list(states), timeout_seconds=30)

    def type(self, text: str) -> None:
        self.ptyd.request("send", session=self.session, data=text.encode())

    def prompt(self, words: str, *tools: ToolUse) -> None:
        """Ask for something; the model then uses these tools."""
        self.api.script(words, list(tools), [f"did {words}"])
        self.type(f"{words}\r")

    def waiting(self, count: int = 1) -> list[dict[str, Any]]:
        """What waits, once so many do."""

        def look() -> list[dict[str, Any]] | None:
            found = self.listed()
            return found if len(found) >= count else None

        found = wait_until(look, 30, lambda: f"{count} approvals; {self.screen()}")
        assert found is not None
        return found

    def listed(self, closed: bool = False) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = self.ptyd.request("approvals", closed=closed)
        return found

    def get(self, approval: str) -> dict[str, Any]:
        return next(one for one in self.listed(closed=True) if one["id"] == approval)

    def ask_for(self, words: str, tool: ToolUse) -> dict[str, Any]:
        """The approval that ``tool`` needs, when its dialog is there."""
        self.prompt(words, tool)
        asked = self.waiting()[0]
        self.wait_state("waiting")
        return asked

    def answer(self, approval: str, decision: str, **more: Any) -> dict[str, Any]:
        result: dict[str, Any] = self.ptyd.request("answer_approval", approval=approval, decision=decision, **more)
        return result

    def screen(self) -> str:
        return str(self.ptyd.request("capture", session=self.session)["text"])

    def last_results(self) -> list[dict[str, Any]]:
        """The tool results that the model was told last."""
        content = self.api.turns[-1].body["messages"][-1]["content"]
        return [block for block in content if block["type"] == "tool_result"]

    def audited(self) -> list[dict[str, Any]]:
        lines = (self.ptyd.runtime_dir / "audit.log").read_text().splitlines()
        return [line for line in map(json.loads, lines) if line["event"] == "approval_answered"]


def touch(path: str) -> ToolUse:
    return ToolUse("Bash", {"command": f"touch {path}", "description": f"make {path}"})


@pytest.fixture
def asker(ptyd: PtydUnderTest, claude: HermeticClaude, api: FakeMessagesApi) -> Asker:
    asker = Asker(ptyd, claude, api)
    asker.start()
    return asker


def test_what_is_told_and_an_allowance(asker: Asker) -> None:
    asked = asker.ask_for("please", touch("made.txt"))
    assert (asked["kind"], asked["tool"], asked["state"]) == ("permission", "Bash", "waiting")
    assert asked["input"] == {"command": "touch made.txt", "description": "make made.txt"}
    assert (asked["session"], asked["name"]) == (asker.session, "asker")
    assert (asked["detail"], asked["cwd"]) == ("touch made.txt", str(asker.claude.cwd))
    assert "acceptEdits" in " ".join(asked["suggestions"])

    answered = asker.answer("", "allow")
    assert (answered["id"], answered["state"], answered["decision"]) == (asked["id"], "answered", "allow")
    assert (answered["answered_by"], answered["answered_how"]) == ("owner", "client")
    asker.wait_state("idle")
    assert (asker.claude.cwd / "made.txt").exists()
    assert asker.listed() == []

    # Only once.
    with pytest.raises(RequestFailed) as again:
        asker.answer(asked["id"], "deny")
    assert again.value.code == "already_answered"
    assert "allowed by owner" in str(again.value)
    events = asker.ptyd.request("events")["events"]
    told = [(event["kind"], event["data"]["state"]) for event in events if event["kind"].startswith("approval")]
    assert told == [("approval_asked", "waiting"), ("approval_answered", "answered")]
    facts = asker.audited()[-1]["facts"]
    assert (facts["approval"], facts["tool"], facts["decision"]) == (asked["id"], "Bash", "allow")


def test_a_denial_with_a_message(asker: Asker) -> None:
    asked = asker.ask_for("please", touch("not.txt"))
    answered = asker.answer(asked["id"], "deny", message="Use the other folder.")
    assert (answered["state"], answered["decision"], answered["problem"]) == ("answered", "deny", "")
    asker.wait_state("idle")
    assert asker.last_results()[-1]["content"] == "Use the other folder."
    assert not (asker.claude.cwd / "not.txt").exists()


def test_a_denial_that_interrupts(asker: Asker) -> None:
    asked = asker.ask_for("please", touch("not.txt"))
    turns = len(asker.api.turns)
    assert asker.answer(asked["id"], "deny", interrupt=True)["decision"] == "deny"
    asker.wait_state("idle")
    assert len(asker.api.turns) == turns


def test_the_terminal_is_faster_with_an_allowance(asker: Asker) -> None:
    asked = asker.ask_for("please", touch("made.txt"))
    press(asker, "1")
    asker.wait_state("idle")
    wait_until(lambda: asker.get(asked["id"])["decision"] is not None, what=lambda: str(asker.get(asked["id"])))
    answered = asker.get(asked["id"])
    assert (answered["decision"], answered["answered_how"], answered["answered_by"]) == ("allow", "terminal", "")
    with pytest.raises(RequestFailed, match="in the terminal of asker already"):
        asker.answer(asked["id"], "deny")
    assert (asker.claude.cwd / "made.txt").exists()


def test_the_terminal_is_faster_with_a_denial(asker: Asker) -> None:
    asked = asker.ask_for("please", touch("not.txt"))
    press(asker, "\x1b")
    asker.wait_state("idle")
    wait_until(lambda: asker.get(asked["id"])["decision"] is not None, what=lambda: str(asker.get(asked["id"])))
    answered = asker.get(asked["id"])
    assert (answered["state"], answered["decision"], answered["answered_how"]) == ("answered", "deny", "terminal")
    assert not (asker.claude.cwd / "not.txt").exists()


def press(asker: Asker, key: str) -> None:
    """The dialog is deaf for a while after it is painted: press until it has heard."""

    def try_once() -> bool:
        if "Do you want to proceed?" not in asker.screen():
            return True
        asker.type(key)
        return False

    # The item is known before the dialog is painted.
    wait_until(lambda: "Do you want to proceed?" in asker.screen(), what=asker.screen)
    wait_until(try_once, what=asker.screen)


def test_one_of_many_who_answer_at_once(asker: Asker) -> None:
    asked = asker.ask_for("please", touch("made.txt"))

    def try_it(decision: str) -> str:
        try:
            return str(asker.answer(asked["id"], decision)["decision"])
        except RequestFailed as failed:
            return failed.code

    with ThreadPoolExecutor(8) as pool:
        outcomes = list(pool.map(try_it, ["allow", "deny"] * 4))
    asker.wait_state("idle")
    won = [outcome for outcome in outcomes if outcome != "already_answered"]
    assert len(won) == 1
    assert (asker.claude.cwd / "made.txt").exists() == (won == ["allow"])
    assert len(asker.audited()) == 1


def test_several_of_one_turn_in_any_order(asker: Asker) -> None:
    first, second = (ToolUse("WebFetch", {"url": f"http://127.0.0.1:9/{name}", "prompt": name}) for name in "ab")
    asker.prompt("fetch both", first, second)
    asked = {one["input"]["prompt"]: one for one in asker.waiting(2)}
    with pytest.raises(RequestFailed) as which:
        asker.answer("", "deny")
    assert which.value.code == "ambiguous_approval"
    for name in "ba":
        answered = asker.answer(asked[name]["id"], "deny", message=f"not {name}")
        assert (answered["state"], answered["problem"]) == ("answered", "")
    asker.wait_state("idle")
    assert {block["content"] for block in asker.last_results()} == {"not a", "not b"}


def test_a_question(asker: Asker) -> None:
    asked = asker.ask_for("ask me", ToolUse("AskUserQuestion", QUESTION))
    assert (asked["kind"], asked["tool"]) == ("question", "AskUserQuestion")
    with pytest.raises(RequestFailed, match="the question needs an answer: Which colour"):
        asker.answer(asked["id"], "allow")
    answered = asker.answer(asked["id"], "allow", answers={"Which colour?": "Blue"})
    assert (answered["state"], answered["decision"]) == ("answered", "allow")
    asker.wait_state("idle")
    assert '"Which colour?"="Blue"' in asker.last_results()[-1]["content"]


def test_an_edit_as_a_diff_and_for_good(asker: Asker) -> None:
    file = asker.claude.cwd / "notes.txt"
    file.write_text("one\ntwo\nthree\n")
    read = ToolUse("Read", {"file_path": str(file)})
    edit = ToolUse("Edit", {"file_path": str(file), "old_string": "two", "new_string": "zwei"})
    asker.api.script("edit it", [read], [edit], ["did edit it"])
    asker.type("edit it\r")
    asked = asker.waiting()[0]
    asked = wait_until(lambda: (one := asker.get(asked["id"]))["diff"] and one)
    assert asked["diff"] == f"--- {file}\n+++ {file}\n@@ -1,3 +1,3 @@\n one\n-two\n+zwei\n three"
    asker.answer(asked["id"], "allow", always=0)
    asker.wait_state("idle")
    assert file.read_text() == "one\nzwei\nthree\n"

    # It is not asked again.
    second = ToolUse("Edit", {"file_path": str(file), "old_string": "three", "new_string": "drei"})
    asker.prompt("once more", second)
    wait_until(lambda: "drei" in file.read_text(), what=asker.screen)
    assert asker.listed() == []


def test_what_is_not_offered_cannot_be_allowed_for_good(asker: Asker) -> None:
    asked = asker.ask_for("please", touch("made.txt"))
    with pytest.raises(RequestFailed, match="it offers 2"):
        asker.answer(asked["id"], "allow", always=7)
    with pytest.raises(RequestFailed, match="go with a denial"):
        asker.answer(asked["id"], "allow", message="yes")
    assert asker.get(asked["id"])["state"] == "waiting"


def test_it_outlives_daemons(asker: Asker) -> None:
    asked = asker.ask_for("please", touch("made.txt"))
    for _ in range(2):
        asker.ptyd.wait_for_new_daemon(asker.ptyd.kill_daemon())
        kept = asker.waiting()
        assert [one["id"] for one in kept] == [asked["id"]]
        assert kept[0]["input"] == asked["input"]
        assert abs(kept[0]["asked_at"] - asked["asked_at"]) < 2
    assert asker.answer(asked["id"], "allow")["state"] == "answered"
    asker.wait_state("idle")
    assert (asker.claude.cwd / "made.txt").exists()


def test_one_that_is_answered_in_the_terminal_while_no_daemon_looks(asker: Asker) -> None:
    asked = asker.ask_for("please", touch("made.txt"))
    press(asker, "1")
    asker.ptyd.wait_for_new_daemon(asker.ptyd.kill_daemon())
    asker.wait_state("idle")
    wait_until(lambda: asker.listed() == [], what=lambda: str(asker.listed()))
    assert asked["id"] not in {one["id"] for one in asker.listed()}


def test_it_is_over_with_the_session(asker: Asker) -> None:
    asked = asker.ask_for("please", touch("made.txt"))
    asker.ptyd.request("signal", session=asker.session, signal="KILL")
    asker.ptyd.request("wait", session=asker.session, until="exit", timeout_seconds=20)
    wait_until(lambda: asker.get(asked["id"])["state"] == "expired")
    with pytest.raises(RequestFailed, match="session asker has ended"):
        asker.answer(asked["id"], "allow")


RULES = """
[[approvals.rules]]
tool = "Bash"
pattern = "touch good*"
answer = "allow"

[[approvals.rules]]
tool = "Bash"
pattern = "*bad*"
answer = "deny"
message = "A rule forbids it."
"""


@pytest.fixture
def ruled(claude: HermeticClaude, api: FakeMessagesApi, tmp_path: Path) -> Iterator[Asker]:
    folder = tmp_path / "ptyd"
    folder.mkdir()
    (folder / "config.toml").write_text(RULES)
    with running_ptyd(XDG_CONFIG_HOME=str(tmp_path)) as ptyd:
        asker = Asker(ptyd, claude, api)
        asker.start()
        yield asker


def test_rules_answer_by_themselves(ruled: Asker) -> None:
    ruled.prompt("first", touch("good.txt"))
    wait_until((ruled.claude.cwd / "good.txt").exists, what=ruled.screen)
    ruled.wait_state("idle")
    turns = len(ruled.api.turns)
    ruled.prompt("second", touch("bad.txt"))
    ruled.api.wait_for_turn(turns + 2)
    ruled.wait_state("idle")
    assert ruled.last_results()[-1]["content"] == "A rule forbids it."
    answered = [(one["decision"], one["answered_by"], one["answered_how"]) for one in ruled.listed(closed=True)]
    assert answered == [("allow", "rule 1", "rule"), ("deny", "rule 2", "rule")]
    assert [(one["principal"], one["facts"]["how"]) for one in ruled.audited()] == [("", "rule 1"), ("", "rule 2")]

    # More than one command is none that a pattern with a star may allow.
    asked = ruled.ask_for("third", touch("good.txt; touch other.txt"))
    ruled.answer(asked["id"], "deny")
    ruled.wait_state("idle")
    assert not (ruled.claude.cwd / "other.txt").exists()


def test_from_the_command_line(asker: Asker) -> None:
    asked = asker.ask_for("please", touch("made.txt"))
    shown = asker.ptyd.cli("approvals", check=True).stdout
    assert asked["id"] in shown
    assert "command: touch made.txt" in shown
    assert "1. always: " in shown
    assert asker.ptyd.cli("approve", "asker", "--answer", "x").returncode == 2
    assert "choose with --suggestion" in asker.ptyd.cli("approve", "asker", "--always").stderr
    assert "allowed: asker: Bash touch made.txt" in asker.ptyd.cli("approve", "asker", check=True).stdout
    asker.wait_state("idle")
    assert (asker.claude.cwd / "made.txt").exists()

    again = asker.ptyd.cli("approve", asked["id"])
    assert (again.returncode, "already" in again.stderr) == (4, True)
    assert asker.ptyd.cli("deny").returncode == 2  # nothing waits

    asker.ask_for("ask me", ToolUse("AskUserQuestion", QUESTION))
    assert "give --answer once for each question (1)" in asker.ptyd.cli("approve").stderr
    answered = json.loads(asker.ptyd.cli("approve", "--answer", "Red", "--json", check=True).stdout)
    assert (answered["state"], answered["decision"]) == ("answered", "allow")
    asker.wait_state("idle")
    asker.ask_for("now deny", touch("not.txt"))
    assert "denied: asker" in asker.ptyd.cli("deny", "-m", "Not there.", check=True).stdout
    asker.wait_state("idle")
    assert asker.last_results()[-1]["content"] == "Not there."
    listed = json.loads(asker.ptyd.cli("approvals", "asker", "--all", "--json", check=True).stdout)
    assert [one["decision"] for one in listed] == ["allow", "allow", "deny"]


def test_by_the_sdk(asker: Asker) -> None:
    asked = asker.ask_for("please", touch("made.txt"))
    with connect(str(f"unix://{asker.ptyd.sock_path}")) as ptyd:
        (waiting,) = ptyd.approvals()
        assert (waiting.id, waiting.tool) == (asked["id"], "Bash")
        assert ptyd.approve(waiting.id).state == "answered"
        with pytest.raises(AlreadyAnswered):
            ptyd.deny(waiting.id)
        with pytest.raises(NoSuchApproval):
            ptyd.deny()
        assert ptyd.approvals() == []
        assert [one.decision for one in ptyd.approvals("asker", closed=True)] == ["allow"]
