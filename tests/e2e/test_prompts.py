"""Prompts for the real Claude Code: handed over whatever they hold, queued, followed to their end; none in a dialog."""

import itertools
import json
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from ptyd_sdk import NoSuchPrompt, TimedOut
from ptyd_sdk.blocking import connect

from tests.e2e.test_approvals import Asker, touch
from tests.support.claude import HermeticClaude
from tests.support.daemon import PtydUnderTest, RequestFailed
from tests.support.fake_messages_api import FakeMessagesApi, HttpError, ToolUse
from tests.support.waiting import wait_until

pytestmark = [pytest.mark.claude, pytest.mark.timeout(240)]

PATIENCE_SECONDS = 60.0


@pytest.fixture
def asker(ptyd: PtydUnderTest, claude: HermeticClaude, api: FakeMessagesApi) -> Asker:
    asker = Asker(ptyd, claude, api)
    asker.start()
    return asker


def add(asker: Asker, text: str) -> str:
    return str(asker.ptyd.request("prompt_add", session=asker.session, text=text)["id"])


def wait(asker: Asker, prompt: str, **more: Any) -> dict[str, Any]:
    result: dict[str, Any] = asker.ptyd.request(
        "prompt_wait", session=asker.session, prompt=prompt, timeout_seconds=PATIENCE_SECONDS, **more
    )
    return result


def ask(asker: Asker, text: str) -> dict[str, Any]:
    return wait(asker, add(asker, text))


def listed(asker: Asker, closed: bool = False) -> list[dict[str, Any]]:
    result: list[dict[str, Any]] = asker.ptyd.request("prompt_list", session=asker.session, closed=closed)
    return result


def told(asker: Asker) -> str:
    """What the model was told last."""
    return asker.api.turns[-1].prompt


def test_whatever_it_holds(asker: Asker) -> None:
    """Nothing of it is a key, a command or a shell's line; all words of it arrive."""
    texts = (
        ("plain words", "plain words"),
        ("one\ntwo\n\nthree\tafter a tab", "one\ntwo\n\nthree"),
        ("an end \x1b[201~\x03\x04 and more\r\nlast", "an end ␛[201~␃␄ and more\nlast"),
        ("äöü 你好 👩‍👩‍👧 \u202eno way", "äöü 你好 👩‍👩‍👧 no way"),
        ("!touch run.txt", "!touch run.txt"),
        ("/home/ada is a path", "/home/ada is a path"),
        ("\n".join(f"line {number}" for number in range(1500)), "line 0\nline 1\n"),
    )
    for turns, (text, arrives) in enumerate(texts, 1):
        answered = ask(asker, text)
        assert (answered["state"], answered["outcome"], answered["problem"]) == ("done", "ok", ""), text[:40]
        assert len(asker.api.turns) == turns
        assert arrives in told(asker)
    assert "line 1499" in told(asker)
    assert not (asker.claude.cwd / "run.txt").exists()
    for command in ("/model of a thing", "\n\u200b /clear", "/exit"):
        with pytest.raises(RequestFailed, match="a command of its own"):
            add(asker, command)


def test_what_became_of_it(asker: Asker) -> None:
    read = ToolUse("Read", {"file_path": str(asker.claude.cwd / "notes.txt")})
    (asker.claude.cwd / "notes.txt").write_text("notes\n")
    asker.api.script("look", [read], ["The notes are short."])
    answered = ask(asker, "look at it")
    assert (answered["outcome"], answered["message"]) == ("ok", "The notes are short.")
    assert (answered["tools"], answered["added_by"]) == (["Read"], "owner")
    # Two requests to the API: the tool's and the answer's.
    assert (answered["tokens"]["input"], answered["tokens"]["output"]) == (20, 20)
    assert answered["cost_usd"] > 0
    told = [event["data"] for event in asker.ptyd.request("events")["events"] if event["kind"] == "prompt"]
    assert {one["prompt"] for one in told} == {answered["id"]}
    states = [state for state, _ in itertools.groupby(one["state"] for one in told)]
    assert states == ["queued", "typing", "taken", "done"]
    assert (told[-1]["outcome"], told[-1]["cost_usd"]) == ("ok", answered["cost_usd"])

    asker.api.script("break", [HttpError(400, "no such luck")])
    failed = ask(asker, "break it")
    assert failed["outcome"] == "failed"
    assert "no such luck" in failed["message"]
    assert failed["cost_usd"] == 0

    never = asker.api.gate()
    asker.api.script("for ever", ["Beginning ", never])
    prompt = add(asker, "go on for ever")
    never.wait_reached()
    asker.type("\x1b")
    assert wait(asker, prompt)["outcome"] == "interrupted"
    assert listed(asker) == []
    assert [one["outcome"] for one in listed(asker, closed=True)] == ["ok", "failed", "interrupted"]


def test_a_queue_that_outlives_the_daemon(asker: Asker) -> None:
    gate = asker.api.gate()
    asker.api.script("slow", ["slowly ", gate, "done"])
    first = add(asker, "slow one")
    gate.wait_reached()
    second, third, fourth = add(asker, "second"), add(asker, "third"), add(asker, "fourth")
    assert [one["state"] for one in listed(asker)] == ["taken", "queued", "queued", "queued"]
    edited = asker.ptyd.request("prompt_edit", session=asker.session, prompt=third, text="third, but better")
    assert edited["state"] == "queued"
    assert asker.ptyd.request("prompt_drop", session=asker.session, prompt=fourth)["state"] == "dropped"
    for method in ("prompt_edit", "prompt_drop"):
        more = {"text": "late"} if method == "prompt_edit" else {}
        with pytest.raises(RequestFailed, match="only a queued one"):
            asker.ptyd.request(method, session=asker.session, prompt=first, **more)
    with pytest.raises(RequestFailed) as unknown:
        asker.ptyd.request("prompt_drop", session=asker.session, prompt="nothing")
    assert unknown.value.code == "no_such_prompt"

    asker.ptyd.wait_for_new_daemon(asker.ptyd.kill_daemon())
    assert [one["id"] for one in listed(asker)] == [first, second, third]
    gate.open()
    assert wait(asker, third)["outcome"] == "ok"
    assert [turn.prompt.strip() for turn in asker.api.turns] == ["slow one", "second", "third, but better"]
    assert wait(asker, first)["message"] == "slowly done"


def test_nothing_is_typed_into_a_dialog(asker: Asker) -> None:
    asker.api.script("make", [touch("made.txt")], ["made"])
    first = add(asker, "make it")
    waiting = wait(asker, first, or_waiting=True)
    assert (waiting["state"], waiting["waits_for"]) == ("taken", "permission")
    second = add(asker, "1")  # which would allow it
    asked = asker.waiting()[0]
    typed_before = asker.ptyd.request("explain", session=asker.session)
    assert typed_before["activity"]["state"] == "waiting"
    with pytest.raises(RequestFailed) as still:
        asker.ptyd.request("prompt_wait", session=asker.session, prompt=second, timeout_seconds=1)
    assert still.value.code == "timeout"
    assert not (asker.claude.cwd / "made.txt").exists()
    assert [one["state"] for one in listed(asker)] == ["taken", "queued"]
    asker.answer(asked["id"], "deny", message="not now")
    assert wait(asker, second)["outcome"] == "ok"
    assert told(asker).strip() == "1"

    # A dialog of the program's own that nobody asked for is none to type into either.
    asker.type("/model\r")
    asker.wait_state("waiting")
    third = add(asker, "2")
    with pytest.raises(RequestFailed):
        asker.ptyd.request("prompt_wait", session=asker.session, prompt=third, timeout_seconds=1)
    asker.type("\x1b")
    assert wait(asker, third)["outcome"] == "ok"
    assert told(asker).endswith("\n2")


def test_a_draft_is_left_alone(asker: Asker) -> None:
    asker.type("half a tho")
    wait_until(lambda: "half a tho" in asker.screen(), what=asker.screen)
    prompt = add(asker, "mine")
    wait_until(lambda: "draft" in listed(asker)[0]["problem"], what=lambda: str(listed(asker)))
    asker.type("ught\r")
    answered = wait(asker, prompt)
    assert (answered["outcome"], answered["problem"]) == ("ok", "")
    assert [turn.prompt.strip() for turn in asker.api.turns] == ["half a thought", "mine"]


def test_from_the_command_line(asker: Asker) -> None:
    asker.api.script("hello", ["Good morning.\n\nWhat is it?"])
    said = asker.ptyd.cli("ask", "asker", "hello there", "--wait", "--timeout", "60", check=True)
    assert said.stdout == "Good morning.\n\nWhat is it?\n"
    answered = json.loads(asker.ptyd.cli("ask", "asker", "-", "--wait", "--json", stdin="a\nb", check=True).stdout)
    assert (answered["text"], answered["outcome"]) == ("a\nb", "ok")
    assert asker.ptyd.cli("ask", "asker", " ").returncode == 2

    gate = asker.api.gate()
    asker.api.script("slow", [gate, "done"])
    with ThreadPoolExecutor(1) as pool:
        slow = pool.submit(asker.ptyd.cli, "ask", "asker", "slow", "--wait", check=True)
        gate.wait_reached()
        queued = asker.ptyd.cli("ask", "asker", "later", check=True).stdout.split()
        assert queued[1] == "queued"
        assert asker.ptyd.cli("ask", "asker", "never", "--wait", "--timeout", "0.5").returncode == 124
        shown = asker.ptyd.cli("prompts", "asker", check=True).stdout
        assert queued[0] in shown and "later" in shown
        for one in listed(asker)[1:]:
            asker.ptyd.cli("prompts", "asker", "--drop", one["id"], check=True)
        gate.open()
        assert slow.result().stdout == "done\n"
    assert asker.ptyd.cli("prompts", "asker", check=True).stdout == "no prompts are queued\n"


def test_by_the_sdk(asker: Asker) -> None:
    asker.api.script("hello", ["Good morning."])
    with connect(f"unix://{asker.ptyd.sock_path}") as ptyd:
        session = ptyd.get("asker")
        answered = session.ask("hello", timeout=PATIENCE_SECONDS)
        assert (answered.outcome, answered.message) == ("ok", "Good morning.")
        with pytest.raises(NoSuchPrompt):
            session.drop_prompt("none")
        gate = asker.api.gate()
        asker.api.script("slow", [gate])
        slow = session.ask("slow", wait=False)
        gate.wait_reached()
        queued = session.ask("more", wait=False)
        assert session.edit_prompt(queued.id, "else").text == "else"
        with pytest.raises(TimedOut):
            session.wait_prompt(queued.id, timeout=0.2)
        assert session.drop_prompt(queued.id).state == "dropped"
        assert [one.id for one in session.prompts()] == [slow.id]
        gate.open()
        assert session.wait_prompt(slow.id, timeout=PATIENCE_SECONDS).outcome == "ok"


def test_other_programs(ptyd: PtydUnderTest) -> None:
    ptyd.request("create", argv=["cat"], name="plain")
    with pytest.raises(RequestFailed, match="ptyd send"):
        ptyd.request("prompt_add", session="plain", text="hello")
