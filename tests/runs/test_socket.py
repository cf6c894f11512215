"""``/ws/claude`` with the real Claude Code: what is said, in which order, and with which code it closes."""

import contextlib
import json
from collections.abc import Iterator
from typing import Any

import pytest
from websockets.exceptions import ConnectionClosed, InvalidStatus
from websockets.sync.client import ClientConnection, connect, unix_connect

from tests.runs.conftest import Configure, Runner
from tests.support.fake_messages_api import FakeMessagesApi, HttpError
from tests.support.waiting import kill_process, stretch_deadline, wait_for_event, wait_until

PASSED_ON = ("ANTHROPIC_BASE_URL", "ANTHROPIC_API_KEY", "DISABLE_AUTOUPDATER", "DISABLE_TELEMETRY", "HOME", "TMPDIR")
ALSO = (
    "DISABLE_ERROR_REPORTING",
    "CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC",
    "CLAUDE_CODE_MAX_RETRIES",
    "API_TIMEOUT_MS",
)


@pytest.fixture
def runner(configure: Configure) -> Runner:
    return configure_socket(configure)


def configure_socket(configure: Configure, **variables: str) -> Runner:
    """A daemon whose own environment is that of the hermetic Claude Code."""
    return configure(is_own_environment=True, PTYD_PASS_ENVIRONMENT=",".join(PASSED_ON + ALSO), **variables)


@contextlib.contextmanager
def opened(runner: Runner) -> Iterator[ClientConnection]:
    """A connection that has been greeted."""
    with unix_connect(str(runner.ptyd.sock_path), "ws://localhost/ws/claude", max_size=None) as socket:
        assert json.loads(socket.recv(stretch_deadline(20))) == {"info": "send {prompt,meta}"}
        yield socket


def ask(socket: ClientConnection, prompt: Any = "hello", meta: Any = "TEST") -> None:
    socket.send(json.dumps({"prompt": prompt, "meta": meta}))


def read_to_close(socket: ClientConnection) -> tuple[list[dict[str, Any]], int, str]:
    """The messages, close code and reason."""
    messages = []
    try:
        while True:
            message = socket.recv(stretch_deadline(60))
            assert isinstance(message, str)
            assert "\n" not in message
            messages.append(json.loads(message))
    except ConnectionClosed as closed:
        assert closed.rcvd is not None
        return messages, closed.rcvd.code, closed.rcvd.reason


def test_a_normal_end(runner: Runner) -> None:
    with opened(runner) as socket:
        ask(socket, "say 'ü'\nplease", "NIGHTLY-1_A")
        messages, code, _ = read_to_close(socket)
    assert code == 1000
    assert messages[0]["subtype"] == "init"
    assert (messages[-1]["type"], messages[-1]["result"]) == ("result", "You said: say 'ü'\nplease")
    [run] = runner.ptyd.request("run_list")
    assert (run["label"], run["state"], run["timeout_seconds"]) == ("NIGHTLY-1_A", "ended", 300.0)
    assert messages == runner.read_lines(run["id"])


@pytest.mark.parametrize(
    ("message", "word"),
    [
        ("hello", "JSON object"),
        ("[1]", "JSON object"),
        ("[" * 100_000, "JSON object"),
        ("{}", "prompt must be a text"),
        ('{"prompt":5,"meta":"A"}', "prompt must be a text"),
        ('{"prompt":" ","meta":"A"}', "prompt must be a text"),
        ('{"prompt":"x"}', "meta must match"),
        *((json.dumps({"prompt": "x", "meta": meta}), "meta must match") for meta in ("", "a", "A B", "A\n", "Ä", 1)),
        (json.dumps({"prompt": "x", "meta": "A" * 257}), "meta has 257 characters"),
        (json.dumps({"prompt": "x" * 8193, "meta": "A"}), "prompt has 8193 bytes"),
        (json.dumps({"prompt": "ü" * 4097, "meta": "A"}), "prompt has 8194 bytes"),
        (json.dumps({"prompt": "x" * 500_000, "meta": "A"}), "prompt has 500000 bytes"),
    ],
)
def test_what_is_refused(runner: Runner, message: str, word: str) -> None:
    with opened(runner) as socket:
        socket.send(message)
        messages, code, reason = read_to_close(socket)
    assert (messages, code) == ([], 1008)
    assert word in reason
    assert runner.ptyd.request("run_list") == []


def test_the_longest_prompt(runner: Runner) -> None:
    with opened(runner) as socket:
        ask(socket, "ü" * 4096, "A" * 256)
        assert read_to_close(socket)[1] == 1000


def test_too_big_and_binary(runner: Runner) -> None:
    with opened(runner) as socket:
        ask(socket, "x" * 1_100_000)
        assert read_to_close(socket)[1] == 1009
    with opened(runner) as socket:
        socket.send(b'{"prompt":"x","meta":"A"}')
        assert read_to_close(socket)[1:] == (1003, "messages are text")


def test_in_fragments(runner: Runner) -> None:
    with opened(runner) as socket:
        socket.send(iter(['{"prompt":"x",', '"meta"', ':"A"}']))
        assert read_to_close(socket)[1] == 1000


def test_a_second_prompt(runner: Runner, api: FakeMessagesApi) -> None:
    middle = api.gate()
    api.script("slowly", ["one, ", middle, "two"])
    with opened(runner) as socket:
        ask(socket, "slowly")
        middle.wait_reached()
        ask(socket, "more")
        _, code, reason = read_to_close(socket)
    assert (code, reason) == (1008, "one prompt a connection")
    wait_for_event(api.turns[0].finished, what="the run to end with its connection")


@pytest.mark.parametrize("is_rude", [False, True])
def test_a_client_that_leaves_ends_its_process(runner: Runner, api: FakeMessagesApi, is_rude: bool) -> None:
    middle = api.gate()
    api.script("slowly", ["one, ", middle, "two"])
    with opened(runner) as socket:
        ask(socket, "slowly")
        middle.wait_reached()
        [run] = runner.ptyd.request("run_list")
        pid = runner.info(run["id"])["pid"]
        if is_rude:
            socket.socket.close()
    runner.wait_gone(pid)
    assert api.turns[0].hung_up
    assert runner.wait(run["id"])["kind"] == "interrupted"
    assert runner.info(run["id"])["end_reason"] == "the connection that it was for has gone"


def test_the_api_refuses(runner: Runner, api: FakeMessagesApi) -> None:
    api.script("fail", [HttpError(400, "scripted refusal")])
    with opened(runner) as socket:
        ask(socket, "fail")
        messages, code, reason = read_to_close(socket)
    assert code == 1011
    assert messages[-2]["is_error"] is True
    assert messages[-1]["outcome"] == "api_error"
    assert "scripted refusal" in messages[-1]["error"]
    assert "the API refused" in reason


def test_no_program(configure: Configure) -> None:
    runner = configure(PATH="/usr/bin:/bin")
    with opened(runner) as socket:
        ask(socket)
        messages, code, _ = read_to_close(socket)
    assert code == 1011
    assert messages == [{"error": "command not found: claude", "outcome": "command_not_found"}]


def test_out_of_time(configure: Configure, api: FakeMessagesApi) -> None:
    runner = configure_socket(configure, PTYD_RUN_SOCKET_SECONDS="5")
    never = api.gate()
    api.script("slowly", ["one, ", never, "two"])
    with opened(runner) as socket:
        ask(socket, "slowly")
        messages, code, _ = read_to_close(socket)
    assert code == 1011
    assert messages[-1]["outcome"] == "timeout"
    [run] = runner.ptyd.request("run_list")
    runner.wait_gone(runner.info(run["id"])["pid"])


def test_it_waits_for_a_place(configure: Configure, api: FakeMessagesApi) -> None:
    runner = configure_socket(configure, PTYD_MAX_RUNS="1")
    middle = api.gate()
    api.script("slowly", ["one, ", middle, "two"])
    first = runner.start("slowly")
    middle.wait_reached()
    with opened(runner) as waiting, opened(runner) as leaving:
        ask(waiting)
        assert json.loads(waiting.recv(20)) == {"info": "queued", "position": 1}
        ask(leaving)
        assert json.loads(leaving.recv(20)) == {"info": "queued", "position": 2}
        leaving.close()
        wait_until(lambda: len(runner.ptyd.request("run_list")) == 2, what="the one who left to leave the queue")
        middle.open()
        messages, code, _ = read_to_close(waiting)
    assert code == 1000
    assert messages[-1]["type"] == "result"
    runner.wait(first["id"])


def test_the_daemon_is_replaced_or_killed(runner: Runner, api: FakeMessagesApi) -> None:
    for how in ("restart", "shutdown", "kill"):
        middle = api.gate()
        api.script(how, ["one, ", middle, "two"])
        with opened(runner) as socket:
            ask(socket, how)
            middle.wait_reached()
            run = runner.ptyd.request("run_list")[-1]
            pid, daemon = runner.info(run["id"])["pid"], runner.ptyd.daemon_pid()
            if how == "kill":
                kill_process(daemon)
            else:
                runner.ptyd.request(how)
                assert read_to_close(socket)[1] == {"restart": 1012, "shutdown": 1001}[how]
        runner.ptyd.wait_for_new_daemon(daemon)
        runner.wait_gone(pid)
        assert runner.wait(run["id"])["kind"] == "interrupted"


def test_who_may_come_in(runner: Runner, api: FakeMessagesApi) -> None:
    place = runner.ptyd.request("listen")
    url = f"ws://{place['host']}:{place['port']}/ws/claude"

    def status_for(token: str) -> int:
        headers = {"Authorization": f"Bearer {token}"} if token else {}
        try:
            with connect(url, additional_headers=headers, proxy=None):
                return 101
        except InvalidStatus as refused:
            return refused.response.status_code

    tokens = {
        right: runner.ptyd.request("token_create", rights=[right], name=right)["token"]
        for right in ("observe", "control", "create", "admin")
    }
    found = {right: status_for(token) for right, token in tokens.items()}
    assert found == {"observe": 403, "control": 403, "create": 101, "admin": 101}
    assert (status_for(""), status_for("wrong")) == (401, 401)

    middle = api.gate()
    api.script("slowly", ["one, ", middle, "two"])
    with connect(url, additional_headers={"Authorization": f"Bearer {tokens['create']}"}, proxy=None) as socket:
        socket.recv(20)
        ask(socket, "slowly")
        middle.wait_reached()
        runner.ptyd.request("token_revoke", token="create")
        assert read_to_close(socket)[1:] == (4001, "this login was revoked")
    wait_for_event(api.turns[0].finished, what="the run to end with its connection")
    assert api.turns[0].hung_up
