"""A transcript as long conversations have it: prompts, answers, what tools gave back, and what the CLI notes beside."""

import json
import uuid
from pathlib import Path
from typing import Any

from bench.streams import Dice

CONVERSATION = "b3eda9ba-0f8b-45c1-b51d-2c032db853ba"
TOOL_WORDS = (20, 8000)
NOTE_WORDS = 6000
USAGE = {
    "input_tokens": 12,
    "output_tokens": 700,
    "cache_read_input_tokens": 90_000,
    "cache_creation_input_tokens": 1500,
}


def write_transcript(path: Path, length: int) -> int:
    """Lines of some hundred bytes to some 60 kB, ``length`` bytes in all or a little more. The number of answers."""
    dice, answers, written = Dice(7), 0, 0
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w") as file:
        while written < length:
            answers += 1
            for line in make_turn(dice, answers):
                written += file.write(json.dumps(line, separators=(",", ":")) + "\n")
    return answers


def make_turn(dice: Dice, number: int) -> list[dict[str, Any]]:
    """A prompt, an answer that calls a tool, and its result."""
    stamp = f"2026-11-{1 + number % 28:02d}T12:00:00.000Z"
    common = {"sessionId": CONVERSATION, "cwd": "/srv/repo", "timestamp": stamp, "uuid": str(uuid.UUID(int=number))}
    text = say(dice, dice.number(*TOOL_WORDS))
    blocks = [{"type": "text", "text": say(dice, 60)}, {"type": "tool_use", "name": "Bash", "input": {"command": "ls"}}]
    answer = {"id": f"msg_{number}", "role": "assistant", "model": "claude-opus-5-5", "content": blocks, "usage": USAGE}
    result = [{"type": "tool_result", "tool_use_id": "toolu_1", "content": text}]
    return [
        {"type": "user", "message": {"role": "user", "content": say(dice, 20)}, **common},
        {"type": "api-request-shape", "shape": say(dice, NOTE_WORDS if number % 20 == 0 else 20)},
        {"type": "assistant", "message": answer, "requestRef": f"r{number}", **common},
        {"type": "user", "message": {"role": "user", "content": result}, "toolUseResult": {"stdout": text}, **common},
    ]


def say(dice: Dice, words: int) -> str:
    return " ".join(dice.word() for _ in range(words))
