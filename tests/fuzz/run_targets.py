"""What a run's program writes, and what a client of /ws/claude sends: anything at all."""

import json
import random
from collections.abc import Sequence

from ptyd_protocol.run_events import RunGap, RunOther, RunReader, RunResult

from ptyd.core.runs.run_outcome import find_result, judge_run
from ptyd.edge.net.run_talk import META, BadWish, read_wish
from tests.fuzz.target import Finding, Target, mutate_bytes

LINES = [
    {"type": "system", "subtype": "init", "session_id": "c", "tools": ["Bash"], "model": "opus"},
    {"type": "stream_event", "event": {"type": "content_block_delta", "delta": {"type": "text_delta", "text": "ü"}}},
    {"type": "assistant", "message": {"content": [{"type": "tool_use", "id": "t", "name": "Bash", "input": {}}]}},
    {"type": "user", "message": {"content": [{"type": "tool_result", "tool_use_id": "t", "content": [{"text": "x"}]}]}},
    {
        "type": "result",
        "subtype": "success",
        "is_error": False,
        "usage": {"input_tokens": 3},
        "permission_denials": [{}],
    },
]
OUTPUT = b"".join(json.dumps(line).encode() + b"\n" for line in LINES)


def run_lines(case: bytes) -> str:
    """Whole, in pieces and from the middle on: no exception, nothing twice, and a result that is judged."""
    whole = RunReader().feed(case)
    pieces, reader = [], RunReader()
    for at in range(0, len(case), 7):
        pieces += reader.feed(case[at : at + 7], at)
    if [event.offset for event in whole] != [event.offset for event in pieces]:
        raise Finding("the pieces matter")
    if [event.offset for event in whole] != sorted({event.offset for event in whole}):
        raise Finding("an event is there twice")
    middle = len(case) // 2
    later = RunReader(middle).feed(case[middle:])
    if len(later) > len(whole):
        raise Finding("more from the middle than from the beginning")
    outcome = judge_run(find_result(case), 0, None)
    kinds = {type(event).__name__ for event in whole if not isinstance(event, RunOther | RunGap)}
    is_odd = any(isinstance(event, RunOther) and event.problem for event in whole)
    has_result = any(isinstance(event, RunResult) for event in whole)
    return f"{sorted(kinds)} {outcome.kind} {is_odd} {has_result}"


def run_wish(case: bytes) -> str:
    """A prompt and a meta that are as they should be, or a reason."""
    try:
        prompt, meta = read_wish(case)
    except BadWish as bad:
        return str(bad)[:20]
    if not 0 < len(prompt.encode()) <= 8192 or not META.fullmatch(meta):
        raise Finding(f"taken: {prompt!r} {meta!r}")
    return "taken"


def _mutate_lines(chance: random.Random, data: bytes, seeds: Sequence[bytes]) -> bytes:
    """Words of the lines in others' places, too: bytes alone soon leave nothing that is JSON."""
    if chance.randrange(2):
        return mutate_bytes(chance, data, seeds)
    words = [b"null", b"[]", b"{}", b"1e999", b"-0", b'"x"', b"true", b'{"type":"text"}', b'"result"', b'"success"']
    at = chance.randrange(len(data) + 1)
    end = data.find(b":", at) + 1
    stop = min((place for place in (data.find(b",", end), data.find(b"}", end)) if place >= 0), default=len(data))
    return data[:end] + chance.choice(words) + data[stop:]


def run_targets() -> list[Target]:
    wish = json.dumps({"prompt": "hello", "meta": "A-Z_09"}).encode()
    return [
        Target("run_lines", run_lines, [OUTPUT, *OUTPUT.splitlines(keepends=True)], _mutate_lines),
        Target("run_wish", run_wish, [wish, b'{"prompt":"\\ud800","meta":"A"}'], _mutate_lines),
    ]
