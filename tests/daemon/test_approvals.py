"""Who may see and answer what waits for a permission. The program is a stand-in that runs the hook it was given;
tests/e2e/test_approvals.py has the real one."""

import http.client
import json
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from ptyd_protocol.codec import decode_daemon_message, encode
from ptyd_protocol.messages import Failure, Request

from tests.daemon.client import connected_by
from tests.support.daemon import PtydUnderTest, RequestFailed, running_ptyd
from tests.support.waiting import wait_until

ASKER = """
import json, subprocess, sys
settings = json.load(open(sys.argv[sys.argv.index("--settings") + 1]))
command = settings["hooks"]["PermissionRequest"][0]["hooks"][0]["command"]
asked = {"tool_name": "Bash", "tool_input": {"command": "make " + sys.argv[-1]}, "cwd": "/"}
answer = subprocess.run(["bash", "-c", command], input=json.dumps(asked).encode(), stdout=subprocess.PIPE).stdout
print(answer.decode(), flush=True)
sys.stdin.read()
"""


@dataclass
class Place:
    ptyd: PtydUnderTest
    address: str
    tokens: dict[str, str]
    program: Path

    def start(self, name: str) -> str:
        """A session that asks; the id of its approval."""
        self.ptyd.request("create", argv=[str(self.program), name], name=name, kind="claude", cwd="/")

        def find() -> Any:
            return next((one["id"] for one in self.ptyd.request("approvals") if one["name"] == name), None)

        found = wait_until(find)
        return str(found)

    def ask(self, who: str, method: str, /, **params: Any) -> Any:
        """By HTTP, as ``who``. Raises RequestFailed."""
        connection = http.client.HTTPConnection(self.address, timeout=30)
        headers = {"Host": self.address, "Origin": f"http://{self.address}"}
        headers["Authorization"] = f"Bearer {self.tokens[who]}"
        connection.request("POST", "/api/request", encode(Request(1, method, params)), headers)
        body = connection.getresponse().read()
        connection.close()
        answer = decode_daemon_message(body)
        if isinstance(answer, Failure):
            raise RequestFailed(answer.code, answer.message)
        return answer.result  # type: ignore[union-attr]


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Place]:
    program = tmp_path_factory.mktemp("bin") / "claude"
    program.write_text(f"#!{sys.executable}{ASKER}")
    program.chmod(0o700)
    with running_ptyd() as ptyd:
        listener = ptyd.request("listen")
        place = Place(ptyd, f"{listener['host']}:{listener['port']}", {}, program)
        ptyd.request("create", argv=["cat"], name="other")
        yield place


def make_token(place: Place, who: str, rights: list[str], session: str | None = None) -> None:
    made = place.ptyd.request("token_create", rights=rights, session=session, name=who)
    place.tokens[who] = made["token"]


def test_who_sees_and_answers(place: Place) -> None:
    approval = place.start("first")
    make_token(place, "observer", ["observe"])
    make_token(place, "guest", ["control"], "other")
    make_token(place, "creator", ["create"])
    make_token(place, "controller", ["control"], "first")
    assert [one["id"] for one in place.ask("observer", "approvals")] == [approval]
    assert [one["id"] for one in place.ask("controller", "approvals")] == [approval]
    for stranger in ("guest", "creator"):
        assert place.ask(stranger, "approvals", closed=True) == []
        for wish in ({"approval": approval}, {}):
            with pytest.raises(RequestFailed) as hidden:
                place.ask(stranger, "answer_approval", decision="allow", **wish)
            assert hidden.value.code == "no_such_approval"
        with pytest.raises(RequestFailed) as hidden:
            place.ask(stranger, "approvals", session="first")
        assert hidden.value.code == "no_such_session"
    with pytest.raises(RequestFailed) as refused:
        place.ask("observer", "answer_approval", decision="allow", approval=approval)
    assert refused.value.code == "not_allowed"
    assert place.ask("observer", "approvals")[0]["state"] == "waiting"

    answered = place.ask("controller", "answer_approval", decision="deny", message="No.")
    # The stand-in has no registry file and no transcript: nobody can see that it took the answer.
    assert (answered["state"], answered["answered_by"], answered["decision"]) == ("answering", "controller", "deny")
    assert "not yet seen" in answered["problem"]
    shown = wait_until(lambda: '"behavior":"deny"' in show(place, "first") and show(place, "first"))
    assert '"message":"No."' in "".join(shown.split("\n"))
    line = next(
        line
        for line in map(json.loads, (place.ptyd.runtime_dir / "audit.log").read_text().splitlines())
        if line["event"] == "approval_answered"
    )
    assert (line["principal"], line["name"], line["facts"]["decision"]) == ("controller", "first", "deny")
    assert "No." not in json.dumps(line)


def show(place: Place, session: str) -> str:
    return str(place.ptyd.request("capture", session=session, join=True)["text"])


def test_events_are_told_to_those_who_see_the_session(place: Place) -> None:
    place.ptyd.request("create", argv=["cat"], name="bystander")
    make_token(place, "bystander", ["observe"], "bystander")
    headers = {"Authorization": f"Bearer {place.tokens['bystander']}"}
    with connected_by(place.address, headers) as client:
        client.request("subscribe")
        approval = place.start("second")
        events = place.ptyd.request("events")["events"]
        asked = [event for event in events if event["data"].get("approval") == approval]
        assert [(event["kind"], event["data"]["detail"]) for event in asked] == [("approval_asked", "make second")]
        client.ping()
        assert [event for event in client.events if event.kind.startswith("approval")] == []


def test_it_is_gone_when_the_session_is(place: Place) -> None:
    approval = place.start("third")
    place.ptyd.request("kill", session="third", grace_seconds=0.1)
    assert approval not in {one["id"] for one in place.ptyd.request("approvals")}
    with pytest.raises(RequestFailed) as over:
        place.ptyd.request("answer_approval", decision="allow", approval=approval)
    assert over.value.code == "already_answered"
    place.ptyd.request("kill", session="third")
    assert approval not in {one["id"] for one in place.ptyd.request("approvals", closed=True)}
