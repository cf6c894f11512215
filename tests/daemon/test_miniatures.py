"""Many screens at once: what has changed, for whom it is, and what of it the audit notes."""

from collections.abc import Iterator

import pytest

from tests.daemon.client import Client, connected, connected_by
from tests.daemon.conftest import Create
from tests.daemon.test_audit import read_audit, wait_for
from tests.support.daemon import PtydUnderTest, running_ptyd
from tests.support.waiting import wait_until


@pytest.fixture(scope="module")
def ptyd() -> Iterator[PtydUnderTest]:
    with running_ptyd() as ptyd:
        yield ptyd


def test_what_has_changed(ptyd: PtydUnderTest, create: Create, client: Client) -> None:
    talker = create(
        "sh", "-c", "stty -echo; printf '\\033[1;31mred\\033[0m\\r\\n'; read x; echo $x; cat", cols=40, rows=5
    )
    quiet = create("cat")
    client.attach(1, talker["id"], role="observe")
    client.read_until(1, b"red")
    known = {talker["id"]: 0, quiet["id"]: 0, "00000000": 0}
    [first] = ptyd.request("miniatures", known=known)
    assert (first["session"], first["cols"], first["rows"]) == (talker["id"], 40, 5)
    assert first["text"].splitlines()[0] == "\x1b[0;1;31mred\x1b[0m"
    known[talker["id"]] = first["offset"]
    assert ptyd.request("miniatures", known=known) == []
    ptyd.request("send", session=talker["id"], data=b"more\n")
    client.read_until(1, b"more")
    [second] = ptyd.request("miniatures", known=known)
    assert "more" in second["text"] and second["offset"] > first["offset"]


def test_an_ended_session_still_has_one(ptyd: PtydUnderTest, create: Create) -> None:
    ended = create("echo", "the end")
    ptyd.request("wait", session=ended["id"], until="exit")
    [miniature] = ptyd.request("miniatures", known={ended["id"]: 0})
    assert miniature["text"].startswith("the end\n")


def test_without_a_screen_engine() -> None:
    with running_ptyd(PTYD_ENGINE="none") as ptyd, connected(ptyd.sock_path) as client:
        session = ptyd.request("create", argv=["sh", "-c", "printf '\\033[1mbold'; cat"])
        client.attach(1, session["id"])
        client.read_until(1, b"bold")
        [miniature] = ptyd.request("miniatures", known={session["id"]: 0})
        assert miniature["text"] == "bold\n"


def test_a_look_is_noted_once(ptyd: PtydUnderTest, create: Create) -> None:
    session = create("sh", "-c", "echo a; cat")
    for _ in range(5):
        wait_until(lambda: ptyd.request("miniatures", known={session["id"]: 0}))
    ptyd.request("send", session=session["id"], data=b"x\n")
    wait_for(ptyd, "typed", session["id"])
    looks = [one for one in read_audit(ptyd, session["id"]) if one["facts"].get("by") == "miniatures"]
    assert [(one["event"], one["principal"]) for one in looks] == [("read", "owner")]


def test_others_sessions_have_none(ptyd: PtydUnderTest, create: Create) -> None:
    mine, other = create("echo", "mine"), create("echo", "other")
    for session in (mine, other):
        ptyd.request("wait", session=session["id"], until="exit")
    place = ptyd.request("listen")
    token = ptyd.request("token_create", rights=["observe"], session=mine["id"])["token"]
    with connected_by(f"{place['host']}:{place['port']}", {"Authorization": f"Bearer {token}"}) as guest:
        seen = guest.request("miniatures", known={mine["id"]: 0, other["id"]: 0})
        assert [one["session"] for one in seen] == [mine["id"]]
