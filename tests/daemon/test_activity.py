"""What sessions do, by what their programs say; and events that none misses."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from ptyd_protocol import limits

from tests.daemon.client import connected_by
from tests.daemon.conftest import Connect, Create
from tests.support.daemon import PtydUnderTest, RequestFailed, running_ptyd
from tests.support.waiting import wait_until

MANIFEST = r"""
programs = ["my-agent"]

[[title]]
pattern = '^busy'
state = "working"

[[title]]
pattern = '^ready'
state = "idle"

[[screen]]
pattern = '^May I\?'
state = "waiting"
waits_for = "permission"
"""
AGENT = r"""#!/bin/sh
while read -r line; do
    case $line in
    ask) printf '\033[2J\033[HMay I?\n' ;;
    clear) printf '\033[2J\033[H' ;;
    *) printf '\033]2;%s\a' "$line" ;;
    esac
done
"""


@pytest.fixture(scope="module")
def ptyd(tmp_path_factory: pytest.TempPathFactory) -> Iterator[PtydUnderTest]:
    """With a user's manifest, and the agent that it is of."""
    configuration = tmp_path_factory.mktemp("configuration")
    folder = configuration / "ptyd" / "agents"
    folder.mkdir(parents=True)
    (folder / "mine.toml").write_text(MANIFEST)
    with running_ptyd(XDG_CONFIG_HOME=str(configuration)) as ptyd:
        yield ptyd


Activity = dict[str, Any]
Look = Callable[[str], Activity]


@pytest.fixture
def look(ptyd: PtydUnderTest) -> Look:
    def look(session: str) -> Activity:
        activity: Activity = ptyd.request("get", session=session)["activity"]
        return activity

    return look


def test_a_program_of_which_nothing_is_known(ptyd: PtydUnderTest, create: Create, look: Look) -> None:
    session = create("cat")["id"]
    assert look(session)["state"] == "active"
    ptyd.request("wait_state", session=session, states=["quiet"], timeout_seconds=20)
    ptyd.request("send", session=session, data=b"x\r")
    ptyd.request("wait_state", session=session, states=["active"], timeout_seconds=20)


def test_a_bell_stands_until_somebody_types(ptyd: PtydUnderTest, connect: Connect, create: Create, look: Look) -> None:
    watcher = connect()
    watcher.request("subscribe")
    session = create("sh", "-c", r"printf '\a'; cat")["id"]
    ptyd.request("wait_state", session=session, states=["bell"], timeout_seconds=20)
    assert look(session)["bell_at"] is not None
    watcher.wait_event("bell", session)
    ptyd.request("send", session=session, data=b"x\r")
    ptyd.request("wait_state", session=session, states=["active"], timeout_seconds=20)


def test_a_shell_that_marks_its_prompts(ptyd: PtydUnderTest, create: Create, look: Look) -> None:
    marks = {
        "PS0": r"\[\e]133;C\a\]",
        "PS1": r"\[\e]133;A\a\]inner> \[\e]133;B\a\]",
        "PROMPT_COMMAND": r"printf '\e]133;D;%s\a' $?",
    }
    session = create("bash", "--norc", "--noprofile", env=marks)["id"]
    ptyd.request("wait_state", session=session, states=["idle"], timeout_seconds=20)
    ptyd.request("send", session=session, data=b"read answer; (exit 3)\r")
    ptyd.request("wait_state", session=session, states=["working"], timeout_seconds=20)
    ptyd.request("send", session=session, data=b"go on\r")
    ptyd.request("wait_state", session=session, states=["idle"], timeout_seconds=20)
    wait_until(lambda: look(session)["command_status"] == 3)
    assert look(session)["source"] == "mark"


def test_an_agent_with_a_manifest(ptyd: PtydUnderTest, create: Create, look: Look, tmp_path: Path) -> None:
    program = tmp_path / "my-agent"
    program.write_text(AGENT)
    program.chmod(0o755)
    session = create(str(program))["id"]
    assert look(session)["state"] == "starting"

    def tell(line: str, state: str) -> None:
        ptyd.request("send", session=session, data=f"{line}\r".encode())
        ptyd.request("wait_state", session=session, states=[state], timeout_seconds=20)

    tell("ready", "idle")
    tell("busy with it", "working")
    tell("ready", "idle")
    asking = create(str(program))["id"]
    ptyd.request("send", session=asking, data=b"ask\r")
    ptyd.request("wait_state", session=asking, states=["waiting"], timeout_seconds=20)
    assert (look(asking)["waits_for"], look(asking)["source"]) == ("permission", "screen")
    ptyd.request("send", session=asking, data=b"clear\r")
    ptyd.request("wait_state", session=asking, states=["starting", "active"], timeout_seconds=20)


def test_the_end(ptyd: PtydUnderTest, create: Create, look: Look) -> None:
    session = create("sh", "-c", "exit 3")["id"]
    ptyd.request("wait_state", session=session, states=["exited"], timeout_seconds=20)
    assert look(session)["detail"] == "exit status 3"
    with pytest.raises(RequestFailed) as ended:
        ptyd.request("wait_state", session=session, states=["idle"])
    assert ended.value.code == "session_exited"


def test_waiting_has_an_end(ptyd: PtydUnderTest, create: Create) -> None:
    session = create("cat")["id"]
    with pytest.raises(RequestFailed) as late:
        ptyd.request("wait_state", session=session, states=["idle", "waiting"], timeout_seconds=0.1)
    assert late.value.code == "timeout"


def test_who_waits_while_it_ends_is_told(ptyd: PtydUnderTest, connect: Connect, create: Create) -> None:
    session, client = create("cat")["id"], connect()
    number = client.begin_request("wait_state", session=session, states=["idle"])
    client.ping()
    ptyd.request("kill", session=session, grace_seconds=0.2)
    with pytest.raises(RequestFailed) as ended:
        client.end_request(number)
    assert ended.value.code == "session_exited"


def test_explain(ptyd: PtydUnderTest, create: Create) -> None:
    session = create("sh", "-c", r"printf '\a'; cat")["id"]
    ptyd.request("wait_state", session=session, states=["bell"], timeout_seconds=20)
    explained = ptyd.request("explain", session=session)
    assert explained["activity"]["state"] == "bell"
    assert "the bell was rung" in explained["reason"]
    assert explained["evidence"][-1]["text"] == "the bell was rung"


def test_a_program_that_changes_all_the_time_costs_little(
    ptyd: PtydUnderTest, connect: Connect, create: Create, look: Look
) -> None:
    """Its changes are told at a rate, the last one at last."""
    watcher = connect()
    watcher.request("subscribe")
    marks = r"\033]133;C\a\033]133;A\a" * 50
    loop = f"i=0; while [ $i -lt 400 ]; do printf '{marks}'; i=$((i+1)); done; printf '\\033]133;C\\afinished'; cat"
    session = create("sh", "-c", loop)["id"]
    wait_until(lambda: "finished" in ptyd.request("capture", session=session)["text"], 30)
    wait_until(lambda: watcher.ping() or told(watcher, session)[-1] == "working", 30)
    assert look(session)["state"] == "working"
    assert len(told(watcher, session)) < 20_000 / 10


def told(watcher: Any, session: str) -> list[str]:
    return [one.data["activity"]["state"] for one in watcher.events if (one.kind, one.session) == ("activity", session)]


# --- events


def test_who_comes_back_misses_nothing(ptyd: PtydUnderTest, connect: Connect, create: Create) -> None:
    first = connect()
    since = first.request("subscribe")["seq"]
    session = create("cat")["id"]
    first.wait_event("created", session)
    first.socket.close()
    for name in ("one", "two", "three"):
        ptyd.request("rename", session=session, name=name)
    second = connect()
    state = second.request("subscribe", since=since)
    assert (state["seq"], state["is_late"]) == (since, False)
    ptyd.request("rename", session=session, name="four")
    wait_until(lambda: second.ping() or any(event.data.get("name") == "four" for event in second.events))
    assert [event.seq for event in second.events] == list(range(since + 1, since + 1 + len(second.events)))
    names = [event.data["name"] for event in second.events if event.kind == "renamed"]
    assert names == ["one", "two", "three", "four"]
    assert all(event.at > 0 for event in second.events)


def test_who_comes_too_late_is_told(ptyd: PtydUnderTest, connect: Connect, create: Create) -> None:
    session = create("cat", name="kept")["id"]
    since = connect().request("subscribe")["seq"]
    for number in range(limits.MAX_EVENTS + 2):
        ptyd.request("resize", session=session, cols=80 + number % 2, rows=24)
    client = connect()
    state = client.request("subscribe", since=since)
    assert state["is_late"]
    assert state["seq"] > since
    assert "kept" in [info["name"] for info in state["sessions"]]
    client.ping()
    assert client.events == []
    kept = ptyd.request("events", since=since)
    assert (kept["is_late"], len(kept["events"])) == (True, limits.MAX_EVENTS)


def test_another_daemon_begins_higher(ptyd: PtydUnderTest, connect: Connect, create: Create) -> None:
    session = create("cat")["id"]
    since = connect().request("subscribe")["seq"]
    ptyd.wait_for_new_daemon(ptyd.kill_daemon())
    state = connect().request("subscribe", since=since)
    assert state["is_late"]
    assert state["seq"] > since
    assert session in [info["id"] for info in state["sessions"]]


def test_events_one_by_one(ptyd: PtydUnderTest, create: Create) -> None:
    since = ptyd.request("events")["seq"]
    one, other = create("cat")["id"], create("cat")["id"]
    ptyd.request("rename", session=one, name="renamed-one")
    kinds = [event["kind"] for event in ptyd.request("events", since=since, session=one)["events"]]
    assert kinds == ["created", "renamed"]
    assert {event["session"] for event in ptyd.request("events", since=since)["events"]} == {one, other}
    first = ptyd.request("events", since=since, max_events=1)
    assert (len(first["events"]), first["more"]) == (1, True)
    rest = ptyd.request("events", since=first["seq"])
    assert rest["events"][0]["seq"] == first["seq"] + 1
    assert not rest["more"]
    with pytest.raises(RequestFailed, match="no session"):
        ptyd.request("events", session="nobody")


def test_a_principal_has_numbers_of_its_own_over_its_connections(ptyd: PtydUnderTest, create: Create) -> None:
    mine, other = create("cat", name="mine")["id"], create("cat")["id"]
    token = ptyd.request("token_create", rights=["observe"], session=mine)["token"]
    listener = ptyd.request("listen")
    address = f"{listener['host']}:{listener['port']}"
    with connected_by(address, {"Authorization": f"Bearer {token}"}) as guest:
        since = guest.request("subscribe")["seq"]
    ptyd.request("rename", session=other, name="secret")
    ptyd.request("rename", session=mine, name="mine-2")
    with connected_by(address, {"Authorization": f"Bearer {token}"}) as guest:
        assert not guest.request("subscribe", since=since)["is_late"]
        guest.wait_event("renamed", mine)
        told = [event for event in guest.events if event.kind != "updated"]
        assert {event.session for event in guest.events} == {mine}
        assert [event.seq for event in guest.events] == list(range(since + 1, since + 1 + len(guest.events)))
        assert [event.data["name"] for event in told if event.kind == "renamed"] == ["mine-2"]
