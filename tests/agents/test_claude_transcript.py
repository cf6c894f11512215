"""The end of a transcript: the model, and how much it was given to read."""

import json
import os
from pathlib import Path
from typing import Any

import pytest

from ptyd.agents.claude_transcript import TAIL_BYTES, observe_tail, read_tail


def line(kind: str = "assistant", **message: Any) -> bytes:
    return json.dumps({"type": kind, "isSidechain": False, "message": message}).encode() + b"\n"


ANSWER = line(model="opus", usage={"input_tokens": 3, "cache_read_input_tokens": 100, "output_tokens": 9})


@pytest.mark.parametrize(
    "behind",
    [
        b"",
        line("user", role="user", content="the assistant"),
        ANSWER.replace(b'"isSidechain": false', b'"isSidechain": true').replace(b"100", b"7"),
        line(model="<synthetic>", usage={"input_tokens": 0, "output_tokens": 0}),
        b'{"type": "assistant", "message": {"usage": {"input_tok',
        b'{"type": "assistant", "message": []}\n',
    ],
)
def test_the_last_answer_counts(behind: bytes) -> None:
    seen = observe_tail(line(model="haiku", usage={"input_tokens": 1}) + ANSWER + behind, 5.0)
    assert seen is not None
    assert (seen.facts.model, seen.facts.context_tokens, seen.state) == ("opus", 103, None)


def test_nothing_is_learned_of_nothing() -> None:
    assert observe_tail(b"", 5.0) is None
    assert observe_tail(b"\xff\n{}\n", 5.0) is None


def test_the_tail_is_of_whole_lines(tmp_path: Path) -> None:
    path = tmp_path / "t.jsonl"
    path.write_bytes(b"x" * TAIL_BYTES + b"\n" + ANSWER)
    assert read_tail(path) == ANSWER
    path.write_bytes(ANSWER)
    assert read_tail(path) == ANSWER


def test_what_is_no_file_is_not_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "fifo")
    for name in ("fifo", "not there", "."):
        with pytest.raises(OSError, match=r"no file|No such|directory"):
            read_tail(tmp_path / name)
