"""A Messages API on loopback: the test writes its answers, and sets their pace with gates, never with time.

    with FakeMessagesApi() as api:
        middle = api.gate()
        api.script("count to two", ["one, ", middle, "two."])
        ...                          # type "count to two"
        middle.wait_reached()        # "one, " has been sent, and nothing behind it
        middle.open()                # "two." follows

A prompt that no script matches is answered with ``You said: <prompt>``. Requests are kept, newest last.
"""

import json
import os
import re
import select
import socket
import threading
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Any, Self

from tests.support.waiting import stretch_deadline, wait_for_event, wait_until

USAGE = {"input_tokens": 10, "output_tokens": 10}

GATE_DEADLINE_SECONDS = 90.0
"""A gate that no test opens lets go of its request after this, so that a failed test cannot hang."""


class Gate:
    """A place in an answer where the stream waits for the test."""

    def __init__(self) -> None:
        self._reached = threading.Event()
        self._opened_fd = os.eventfd(0, os.EFD_CLOEXEC)  # a descriptor, to be waited for together with the client's

    def wait_reached(self) -> None:
        """Wait until the answer has been sent up to here."""
        wait_for_event(self._reached, what="an answer to reach its gate")

    def open(self) -> None:
        """Let the answer go on, also when it has not come here yet."""
        os.eventfd_write(self._opened_fd, 1)

    def pass_through(self, client: socket.socket) -> bool:
        """Wait until the gate is open; False where the client has hung up before."""
        self._reached.set()
        poller = select.poll()
        poller.register(self._opened_fd, select.POLLIN)
        poller.register(client, select.POLLIN | select.POLLRDHUP)
        ready = dict(poller.poll(stretch_deadline(GATE_DEADLINE_SECONDS) * 1000))
        return self._opened_fd in ready

    def close(self) -> None:
        os.close(self._opened_fd)


@dataclass(frozen=True)
class ToolUse:
    """A step that calls a tool; its result comes back as the next request, and the script goes on there."""

    name: str
    input: dict[str, Any]


@dataclass(frozen=True)
class HttpError:
    """A whole answer: a status and an error's message."""

    status: int
    message: str = "scripted error"


Step = str | Gate | ToolUse | HttpError


@dataclass
class ApiRequest:
    """One ``POST /v1/messages``. ``finished`` is set at its end, ``hung_up``: the client ended it."""

    body: dict[str, Any]
    headers: dict[str, str]
    prompt: str
    finished: threading.Event = field(default_factory=threading.Event)
    hung_up: bool = False

    @property
    def is_turn(self) -> bool:
        """Whether it is a turn of the conversation, not a question of the program's own (a title, ...)."""
        return bool(self.body.get("tools"))


class FakeMessagesApi:
    """The server; ``url`` is for ANTHROPIC_BASE_URL."""

    def __init__(self) -> None:
        self.requests: list[ApiRequest] = []
        self.usage: dict[str, Any] = dict(USAGE)
        """What each answer says that it took."""
        self._scripts: list[tuple[re.Pattern[str], list[list[Step]]]] = []
        self._gates: list[Gate] = []
        self._lock = threading.Lock()
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), make_handler(self))
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.02,), name="fake-messages-api")

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._server.server_address[1]}"

    @property
    def turns(self) -> list[ApiRequest]:
        return [request for request in self.requests if request.is_turn]

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for gate in self._gates:
            gate.open()
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()
        for gate in self._gates:
            gate.close()

    def gate(self) -> Gate:
        gate = Gate()
        self._gates.append(gate)
        return gate

    def script(self, prompt: str, *answers: Sequence[Step]) -> None:
        """Answer a turn whose prompt holds ``prompt`` with these steps; further ``answers`` are for the
        requests that follow within the turn (tool results). The last script that matches counts."""
        self._scripts.insert(0, (re.compile(re.escape(prompt)), [list(steps) for steps in answers]))

    def wait_for_turn(self, number: int = 1, deadline_seconds: float = 20.0) -> ApiRequest:
        """Wait until ``number`` turns have been asked for; the newest."""
        wait_until(lambda: len(self.turns) >= number, deadline_seconds, f"{number} turns at the API")
        return self.turns[-1]

    def take_steps(self, request: ApiRequest) -> list[Step]:
        """What to answer."""
        if request.is_turn:
            with self._lock:
                for pattern, answers in self._scripts:
                    if answers and pattern.search(request.prompt):
                        return answers.pop(0) if len(answers) > 1 else answers[0]
        return [f"You said: {request.prompt.strip()[:200]}"]


def make_handler(api: FakeMessagesApi) -> type[BaseHTTPRequestHandler]:
    class Handler(MessagesHandler):
        owner = api

    return Handler


class MessagesHandler(BaseHTTPRequestHandler):
    """One connection of the client."""

    owner: FakeMessagesApi
    protocol_version = "HTTP/1.1"

    def do_HEAD(self) -> None:
        self.answer_json({}, with_body=False)

    def do_GET(self) -> None:
        self.answer_json({"type": "error", "error": {"type": "not_found_error", "message": self.path}}, 404)

    def do_POST(self) -> None:
        body = json.loads(self.rfile.read(int(self.headers.get("Content-Length", "0"))) or b"{}")
        path = self.path.partition("?")[0]
        if path == "/v1/messages":
            self.answer_message(body)
        elif path == "/v1/messages/count_tokens":
            self.answer_json({"input_tokens": 10})
        else:
            self.do_GET()

    def answer_message(self, body: dict[str, Any]) -> None:
        request = ApiRequest(body, dict(self.headers.items()), extract_prompt(body))
        self.owner.requests.append(request)
        steps = self.owner.take_steps(request)
        try:
            if steps and isinstance(steps[0], HttpError):
                self.answer_error(steps[0])
            elif body.get("stream"):
                request.hung_up = not self.stream_message(body, steps)
            else:
                self.answer_json(build_whole_message(body, steps) | {"usage": self.owner.usage})
        except (BrokenPipeError, ConnectionResetError):
            request.hung_up = True
        finally:
            self.close_connection = self.close_connection or request.hung_up
            request.finished.set()

    def stream_message(self, body: dict[str, Any], steps: Sequence[Step]) -> bool:
        """Server-sent events, step by step; False where the client hung up in the middle."""
        self.send_response(200)
        self.send_header("Content-Type", "text/event-stream")
        self.send_header("Transfer-Encoding", "chunked")
        self.end_headers()
        for event in stream_events(body, steps, self.owner.usage):
            if isinstance(event, Gate):
                if not event.pass_through(self.connection):
                    return False
            else:
                payload = f"event: {event['type']}\ndata: {json.dumps(event)}\n\n".encode()
                self.wfile.write(b"%x\r\n%s\r\n" % (len(payload), payload))
        self.wfile.write(b"0\r\n\r\n")
        return True

    def answer_error(self, error: HttpError) -> None:
        self.answer_json({"type": "error", "error": {"type": "api_error", "message": error.message}}, error.status)

    def answer_json(self, value: object, status: int = 200, with_body: bool = True) -> None:
        payload = json.dumps(value).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(payload)))
        self.end_headers()
        if with_body:
            self.wfile.write(payload)

    def log_message(self, format: str, *args: object) -> None:
        """Quiet: a failing test prints ``api.requests`` where it wants to."""


def extract_prompt(body: dict[str, Any]) -> str:
    """The user's newest own words: reminders that the program adds are left out."""
    for message in reversed(body.get("messages", [])):
        if message.get("role") != "user":
            continue
        content = message["content"]
        blocks = [{"type": "text", "text": content}] if isinstance(content, str) else content
        texts = [block["text"] for block in blocks if block.get("type") == "text"]
        words = "\n".join(text for text in texts if not text.lstrip().startswith("<system-reminder>"))
        if words:
            return words
    return ""


def build_message(body: dict[str, Any], content: list[dict[str, Any]], stop_reason: str | None) -> dict[str, Any]:
    return {
        "id": "msg_0123456789",
        "type": "message",
        "role": "assistant",
        "model": body.get("model", "fake"),
        "content": content,
        "stop_reason": stop_reason,
        "stop_sequence": None,
        "usage": dict(USAGE),
    }


def find_stop_reason(steps: Sequence[Step]) -> str:
    return "tool_use" if any(isinstance(step, ToolUse) for step in steps) else "end_turn"


def build_whole_message(body: dict[str, Any], steps: Sequence[Step]) -> dict[str, Any]:
    """The answer as one JSON object; gates do not stop it."""
    content: list[dict[str, Any]] = []
    text = "".join(step for step in steps if isinstance(step, str))
    if text:
        content.append({"type": "text", "text": text})
    content += [
        {"type": "tool_use", "id": f"toolu_{index}", "name": step.name, "input": step.input}
        for index, step in enumerate(steps)
        if isinstance(step, ToolUse)
    ]
    return build_message(body, content, find_stop_reason(steps))


def stream_events(
    body: dict[str, Any], steps: Sequence[Step], usage: dict[str, Any] | None = None
) -> Iterator[dict[str, Any] | Gate]:
    """The events of a streamed message, with the gates in their places."""
    usage = USAGE if usage is None else usage
    yield {"type": "message_start", "message": build_message(body, [], None) | {"usage": usage}}
    index = -1
    in_text = False
    for step in steps:
        if isinstance(step, Gate):
            yield step
            continue
        if in_text and not isinstance(step, str):
            yield {"type": "content_block_stop", "index": index}
            in_text = False
        if isinstance(step, ToolUse):
            index += 1
            yield from stream_tool_use(index, step)
        elif isinstance(step, str):
            if not in_text:
                index += 1
                in_text = True
                block = {"type": "text", "text": ""}
                yield {"type": "content_block_start", "index": index, "content_block": block}
            delta = {"type": "text_delta", "text": step}
            yield {"type": "content_block_delta", "index": index, "delta": delta}
    if in_text:
        yield {"type": "content_block_stop", "index": index}
    ending = {"stop_reason": find_stop_reason(steps), "stop_sequence": None}
    yield {"type": "message_delta", "delta": ending, "usage": {"output_tokens": usage["output_tokens"]}}
    yield {"type": "message_stop"}


def stream_tool_use(index: int, step: ToolUse) -> Iterator[dict[str, Any]]:
    block = {"type": "tool_use", "id": f"toolu_{os.urandom(6).hex()}", "name": step.name, "input": {}}
    yield {"type": "content_block_start", "index": index, "content_block": block}
    delta = {"type": "input_json_delta", "partial_json": json.dumps(step.input)}
    yield {"type": "content_block_delta", "index": index, "delta": delta}
    yield {"type": "content_block_stop", "index": index}
