"""Conversations on the wire: who may know of which, and which sessions come back. With a program that only looks like
Claude Code; the real one is in tests/e2e/test_conversations.py."""

import contextlib
import json
import os
import signal
import stat
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.daemon.test_access import Place
from tests.support.daemon import PtydUnderTest, RequestFailed, running_ptyd, start_keeper, stop_ptyd
from tests.support.transcripts import Talk
from tests.support.waiting import wait_until


@pytest.fixture
def ptyd() -> Iterator[PtydUnderTest]:
    with running_ptyd() as ptyd:
        yield ptyd


@pytest.fixture
def program(tmp_path: Path) -> str:
    """``claude``: prints its arguments, and ends with the status that is typed."""
    path = tmp_path / "claude"
    path.write_text('#!/bin/sh\necho "<$*> in $PWD key=$ANTHROPIC_API_KEY"; read status; exit "$status"\n')
    path.chmod(0o755)
    return str(path)


def config_dir(ptyd: PtydUnderTest) -> Path:
    return Path(ptyd.env["HOME"]) / ".claude"


def begin(ptyd: PtydUnderTest, program: str, name: str, **more: Any) -> dict[str, Any]:
    info: dict[str, Any] = ptyd.request("create", argv=[program], kind="claude", name=name, **more)
    return info


def end(ptyd: PtydUnderTest, name: str, status: int) -> None:
    ptyd.request("send", session=name, data=f"{status}\r".encode())
    ptyd.request("wait", session=name, until="exit", timeout_seconds=20)


def restart_everything(ptyd: PtydUnderTest) -> None:
    """End daemon, keeper and sessions, and begin anew in the same directories."""
    assert stop_ptyd(ptyd) == []
    ptyd.keeper = start_keeper(ptyd.runtime_dir, ptyd.runtime_dir.parent, {})
    ptyd.daemon_pid()


def kept(ptyd: PtydUnderTest) -> dict[str, str]:
    """What is offered, by name: the problem."""
    return {one["name"]: one["problem"] for one in ptyd.request("kept")}


# --- who may know ---


@pytest.fixture
def place(ptyd: PtydUnderTest, program: str) -> Place:
    """Two sessions with a conversation each, of the owner and of somebody else; and one that no session has."""
    listener = ptyd.request("listen")
    place = Place(ptyd, f"{listener['host']}:{listener['port']}")
    owned = begin(ptyd, program, "owned")
    for name, rights, session in (
        ("observer", ["observe"], None),
        ("guest", ["observe"], "owned"),
        ("creator", ["create"], None),
        ("admin", ["admin"], None),
    ):
        place.tokens[name] = ptyd.request("token_create", rights=rights, session=session, name=name)["token"]
    theirs = place.ask(place.tokens["creator"], "create", argv=[program], kind="claude", name="theirs", keep="ask")
    for name, known in (("owned", owned), ("theirs", theirs)):
        place.sessions[name] = known["conversation"]["id"]
    place.sessions["nobodys"] = Talk().id
    for name, known_id in place.sessions.items():
        talk = Talk(id=known_id)
        talk.write(config_dir(ptyd), [talk.prompt(f"the needle of {name}"), talk.answer("yes"), talk.cost(1.0)])
    return place


SEEN = {
    "admin": {"owned", "theirs", "nobodys"},
    "observer": {"owned", "theirs"},
    "guest": {"owned"},
    "creator": {"theirs"},
}


@pytest.mark.parametrize("who", SEEN)
def test_nobody_learns_of_conversations_beyond_their_sessions(place: Place, who: str) -> None:
    token, seen = place.tokens[who], SEEN[who]
    ids = {place.sessions[name] for name in seen}
    listed = place.ask(token, "conversations")
    assert ({one["id"] for one in listed["conversations"]}, listed["total"]) == (ids, len(seen))
    found = place.ask(token, "conversation_search", text="the needle")
    assert {hit["conversation"]["id"] for hit in found["hits"]} == ids
    for by in ("day", "directory", "conversation", "session"):
        cost = place.ask(token, "cost", by=by)
        assert cost["total"]["cost_usd"] == sum(row["cost_usd"] for row in cost["rows"]) == len(seen)
    for name, known_id in place.sessions.items():
        for ref in (known_id, known_id[:8]):
            if name in seen:
                assert (
                    f"the needle of {name}"
                    in place.ask(token, "conversation_export", conversation=ref)["data"].decode()
                )
            else:
                with pytest.raises(RequestFailed, match="no_such_conversation: no conversation"):
                    place.ask(token, "conversation_export", conversation=ref)
    with contextlib.nullcontext() if "owned" in seen else pytest.raises(RequestFailed, match="no_such_conversation"):
        place.ask(token, "conversation_export", conversation="owned")


def test_only_creators_resume_and_only_what_they_may_know(place: Place) -> None:
    for who in ("observer", "guest"):
        with pytest.raises(RequestFailed, match="not_allowed"):
            place.ask(place.tokens[who], "resume", conversation=place.sessions["owned"], fork=True)
    with pytest.raises(RequestFailed, match="no_such_conversation"):
        place.ask(place.tokens["creator"], "resume", conversation=place.sessions["owned"], fork=True)
    with pytest.raises(RequestFailed, match="no_such_session"):
        place.ask(place.tokens["creator"], "keep", session="owned", keep="always")
    with pytest.raises(RequestFailed, match="not_allowed"):
        place.ask(place.tokens["guest"], "keep", session="owned", keep="always")


def test_kept_sessions_are_told_to_whom_they_were(place: Place) -> None:
    end(place.ptyd, "theirs", 3)
    for who, names in (("admin", ["theirs"]), ("creator", ["theirs"]), ("observer", []), ("guest", [])):
        assert [one["name"] for one in place.ask(place.tokens[who], "kept")] == names
        if not names:
            with pytest.raises(RequestFailed, match="no_such_session"):
                place.ask(place.tokens[who], "forget_kept", name="theirs")
    place.ask(place.tokens["creator"], "forget_kept", name="theirs")
    assert kept(place.ptyd) == {}


def test_the_audit_tells(ptyd: PtydUnderTest, program: str, tmp_path: Path) -> None:
    talk = Talk(cwd=str(tmp_path))
    talk.write(config_dir(ptyd), [talk.prompt("hello")])
    info = ptyd.request("resume", conversation=talk.id, program=program)
    ptyd.request("keep", session=info["id"], keep="ask")
    ptyd.request("conversation_search", text="secret words")
    ptyd.request("conversation_export", conversation=talk.id)
    audit = ptyd.cli("audit", check=True).stdout
    for event in ("resumed", "keep_set", "conversations_searched", "conversation_read"):
        assert event in audit
    assert "secret words" not in audit


# --- sessions ---


def test_a_session_says_its_conversation(ptyd: PtydUnderTest, program: str) -> None:
    info = begin(ptyd, program, "one")
    known = info["conversation"]
    assert info["argv"] == [program, "--session-id", known["id"]]
    assert known["path"].startswith(f"{config_dir(ptyd)}/projects/") and known["path"].endswith(f"/{known['id']}.jsonl")
    assert ptyd.request("create", argv=["cat"], name="plain")["conversation"] is None
    dead = ptyd.kill_daemon()
    ptyd.wait_for_new_daemon(dead)
    assert ptyd.request("get", session="one")["conversation"] == known


def test_the_running_program_has_the_last_word(ptyd: PtydUnderTest, program: str) -> None:
    info = begin(ptyd, program, "one", env={"CLAUDE_CONFIG_DIR": str(config_dir(ptyd) / "own")})
    registry = config_dir(ptyd) / "own" / "sessions"
    registry.mkdir(parents=True)
    moved = Talk().id
    own_file = registry / f"{info['pid']}.json"
    for word in ("{", "[]", '{"pid": 1, "sessionId": 1}', '{"pid": 1, "sessionId": "../x"}'):
        own_file.write_text(word)
    own_file.write_text(json.dumps({"pid": info["pid"], "sessionId": moved}))
    wait_until(lambda: ptyd.request("get", session="one")["conversation"]["id"] == moved)


@pytest.mark.parametrize("params", [{"keep": "ask"}, {"restart_on_failure": True}])
def test_other_programs_are_not_kept(ptyd: PtydUnderTest, params: dict[str, Any]) -> None:
    with pytest.raises(RequestFailed, match='bad_request: only sessions of kind "claude"'):
        ptyd.request("create", argv=["cat"], **params)
    ptyd.request("create", argv=["cat"], name="plain", keep="never")
    with pytest.raises(RequestFailed, match="bad_request: session plain has no conversation"):
        ptyd.request("keep", session="plain", **params)


def test_resumed_where_it_was(ptyd: PtydUnderTest, program: str, tmp_path: Path) -> None:
    """In another configuration directory than the daemon's own, which a session has made known."""
    own = tmp_path / "own"
    begin(ptyd, program, "one", env={"CLAUDE_CONFIG_DIR": str(own)})
    talk = Talk(cwd=str(tmp_path))
    talk.write(own, [talk.prompt("hello")])
    info = ptyd.request("resume", conversation=talk.id[:8], program=program, cols=100, name="again")
    assert (info["name"], info["cwd"], info["cols"], info["argv"]) == (
        *("again", str(tmp_path), 100),
        [program, "--resume", talk.id],
    )
    environment = Path(f"/proc/{info['pid']}/environ").read_bytes().split(b"\0")
    assert f"CLAUDE_CONFIG_DIR={own}".encode() in environment
    with pytest.raises(RequestFailed, match="bad_request: session again has this conversation"):
        ptyd.request("resume", conversation=talk.id, program=program)


# --- coming back ---


def test_who_comes_back(ptyd: PtydUnderTest, program: str) -> None:
    """What fails, or is taken along by something else, is offered; what ends well, or is killed, is not."""
    for name in ("well", "failed", "killed", "unkept", "running"):
        begin(ptyd, program, name, keep="never" if name == "unkept" else "ask")
    end(ptyd, "well", 0)
    end(ptyd, "failed", 3)
    end(ptyd, "unkept", 3)
    ptyd.request("kill", session="killed")
    assert kept(ptyd) == {"failed": ""}
    restart_everything(ptyd)
    assert kept(ptyd) == {"failed": "", "running": ""}
    assert ptyd.cli("resume", "--forget", "failed").returncode == 0
    assert ptyd.cli("resume", "--forget", "failed").returncode == 3
    restart_everything(ptyd)
    assert kept(ptyd) == {"running": ""}


def test_comes_back_as_it_was(ptyd: PtydUnderTest, program: str, tmp_path: Path) -> None:
    argv = [program, "--model", "opus", "the first prompt"]
    wishes = {"cwd": str(tmp_path), "env": {"ANTHROPIC_API_KEY": "k-1"}, "cols": 99, "rows": 33}
    info = ptyd.request("create", argv=argv, kind="claude", name="one", keep="always", **wishes)
    ptyd.request("rename", session="one", name="renamed")
    begin(ptyd, program, "two")
    assert ptyd.cli("keep", "two", "always", check=True).stdout == "always\n"
    assert ptyd.cli("keep", "two", check=True).stdout == "always\n"
    [file] = (Path(ptyd.env["HOME"]) / ".local" / "state" / "ptyd").glob("kept-*.json")
    wait_until(lambda: '"renamed"' in file.read_text(), what="its name to be written down")
    assert stat.S_IMODE(file.stat().st_mode) == 0o600

    restart_everything(ptyd)
    back = {one["name"]: one for one in wait_until(lambda: len(ptyd.sessions()) == 2 and ptyd.sessions())}
    assert set(back) == {"renamed", "two"}
    one = back["renamed"]
    assert one["argv"] == [program, "--session-id", info["conversation"]["id"], "--model", "opus"]  # no transcript yet
    assert (one["cwd"], one["cols"], one["rows"], one["conversation"]["keep"]) == (str(tmp_path), 99, 33, "always")
    wait_until(lambda: "key=k-1" in ptyd.request("capture", session="renamed", join=True)["text"])
    assert ptyd.cli("keep", "renamed", "never", check=True).stdout == "never\n"
    assert "k-1" not in file.read_text()


def test_what_cannot_come_back_says_why(ptyd: PtydUnderTest, program: str, tmp_path: Path) -> None:
    place = tmp_path / "place"
    place.mkdir()
    begin(ptyd, program, "one", keep="always", cwd=str(place))
    place.rmdir()
    restart_everything(ptyd)
    wait_until(lambda: kept(ptyd).get("one"))
    assert "no such directory" in kept(ptyd)["one"]
    place.mkdir()
    ptyd.request("resume", conversation="one")
    assert kept(ptyd) == {}


def test_a_name_that_somebody_has_taken(ptyd: PtydUnderTest, program: str) -> None:
    begin(ptyd, program, "one", keep="ask")
    end(ptyd, "one", 1)
    begin(ptyd, program, "one")
    assert ptyd.request("resume", conversation="one")["name"] == "one-2"


def test_killing_it_ends_the_restarts(ptyd: PtydUnderTest, program: str) -> None:
    info = begin(ptyd, program, "one", restart_on_failure=True)
    os.kill(info["pid"], signal.SIGKILL)
    again = wait_until(lambda: next((one for one in ptyd.sessions() if one["state"] == "running"), None))
    assert again["id"] != info["id"] and again["conversation"]["restart_on_failure"]
    assert ptyd.cli("keep", "one", check=True).stdout == "never, started again where it fails\n"
    ptyd.request("kill", session="one")
    restart_everything(ptyd)
    assert (ptyd.sessions(), kept(ptyd)) == ([], {})


def test_a_daemon_that_dies_in_between_starts_it_again(ptyd: PtydUnderTest, program: str) -> None:
    info = begin(ptyd, program, "one", restart_on_failure=True)
    dead = ptyd.kill_daemon()
    os.kill(info["pid"], signal.SIGKILL)
    ptyd.wait_for_new_daemon(dead)
    again = wait_until(lambda: next((one for one in ptyd.sessions() if one["state"] == "running"), None))
    assert again["conversation"]["id"] == info["conversation"]["id"]


def test_kept_by_another_daemon_than_made_it(ptyd: PtydUnderTest, program: str) -> None:
    """Its environment is that of its program."""
    begin(ptyd, program, "one", env={"ANTHROPIC_API_KEY": "k-2"})
    dead = ptyd.kill_daemon()
    ptyd.wait_for_new_daemon(dead)
    ptyd.request("keep", session="one", keep="ask")
    restart_everything(ptyd)
    ptyd.request("resume", conversation="one")
    wait_until(lambda: "key=k-2" in ptyd.request("capture", session="one", join=True)["text"])


def test_one_whose_conversation_is_not_known_begins_as_it_did(ptyd: PtydUnderTest, program: str) -> None:
    info = ptyd.request("create", argv=[program, "--continue"], kind="claude", name="one", keep="always")
    assert info["conversation"]["id"] == ""
    restart_everything(ptyd)
    [back] = wait_until(ptyd.sessions)
    assert back["argv"] == [program, "--continue"]
