"""The API that the real program talks to in the tests."""

import http.client
import json
from collections.abc import Iterator
from typing import Any

import pytest

from tests.support.fake_messages_api import FakeMessagesApi, HttpError, ToolUse
from tests.support.waiting import wait_for_event


@pytest.fixture
def api() -> Iterator[FakeMessagesApi]:
    with FakeMessagesApi() as api:
        yield api


def ask(api: FakeMessagesApi, prompt: str, stream: bool = True) -> http.client.HTTPResponse:
    connection = http.client.HTTPConnection(api.url.removeprefix("http://"), timeout=10)
    content = [{"type": "text", "text": "<system-reminder>count to nine"}, {"type": "text", "text": prompt}]
    body = {"stream": stream, "tools": [{"name": "Bash"}], "messages": [{"role": "user", "content": content}]}
    connection.request("POST", "/v1/messages?beta=true", json.dumps(body))
    return connection.getresponse()


def read_events(response: http.client.HTTPResponse) -> list[dict[str, Any]]:
    lines = response.read().decode().splitlines()
    return [json.loads(line.removeprefix("data: ")) for line in lines if line.startswith("data: ")]


def test_echoes_what_no_script_knows(api: FakeMessagesApi) -> None:
    events = read_events(ask(api, "hello"))
    assert [event["type"] for event in events] == [
        "message_start",
        "content_block_start",
        "content_block_delta",
        "content_block_stop",
        "message_delta",
        "message_stop",
    ]
    assert events[2]["delta"]["text"] == "You said: hello"
    assert json.loads(ask(api, "hi", stream=False).read())["content"][0]["text"] == "You said: hi"


def test_a_gate_stops_the_stream_until_it_is_opened(api: FakeMessagesApi) -> None:
    gate = api.gate()
    api.script("count", ["one", gate, "two"])
    response = ask(api, "count to nine")
    gate.wait_reached()
    before = b""
    while b"one" not in before:
        before += response.read1()
    assert not api.turns[0].finished.is_set()
    gate.open()
    assert b"two" in response.read()
    wait_for_event(api.turns[0].finished)
    assert not api.turns[0].hung_up


def test_notes_a_client_that_hangs_up_at_a_gate(api: FakeMessagesApi) -> None:
    gate = api.gate()
    api.script("count", ["one", gate, "two"])
    response = ask(api, "count to nine")
    gate.wait_reached()
    response.close()
    wait_for_event(api.turns[0].finished)
    assert api.turns[0].hung_up


def test_a_turn_goes_on_behind_its_tool(api: FakeMessagesApi) -> None:
    api.script("list", ["looking", ToolUse("Bash", {"command": "ls"})], ["done"])
    first, second = read_events(ask(api, "list them")), read_events(ask(api, "list them"))
    assert first[-2]["delta"]["stop_reason"] == "tool_use"
    assert [event["content_block"]["type"] for event in first if event["type"] == "content_block_start"] == [
        "text",
        "tool_use",
    ]
    assert second[2]["delta"]["text"] == "done"


def test_fails_where_it_is_told_to(api: FakeMessagesApi) -> None:
    api.script("fail", [HttpError(529, "overloaded")])
    response = ask(api, "fail please")
    assert response.status == 529
    assert json.loads(response.read())["error"]["message"] == "overloaded"
