"""Transcripts as Claude Code writes them, as far as ptyd reads them (version 2.1.329)."""

import json
import uuid
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

MODEL = "claude-opus-5-5"
NOON = datetime(2026, 11, 29, 12, tzinfo=UTC).timestamp()


def usage_of(tokens: int = 1000) -> dict[str, Any]:
    return {
        "input_tokens": tokens,
        "output_tokens": tokens // 50,
        "cache_creation_input_tokens": tokens // 4,
        "cache_read_input_tokens": tokens * 4,
    }


@dataclass
class Talk:
    """Makes the lines of one conversation. ``at``: Unix seconds of the next one; each comes a second later."""

    id: str = field(default_factory=lambda: str(uuid.uuid4()))
    cwd: str = "/home/ada/repo"
    at: float = NOON
    model: str = MODEL
    answers: int = 0

    def line(self, kind: str, **fields: Any) -> dict[str, Any]:
        stamp = datetime.fromtimestamp(self.at, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
        self.at += 1
        common = {"uuid": str(uuid.uuid4()), "timestamp": stamp, "cwd": self.cwd, "sessionId": self.id}
        return {"type": kind, "isSidechain": False, **common, **fields}

    def prompt(self, text: str, **fields: Any) -> dict[str, Any]:
        return self.line("user", message={"role": "user", "content": text}, **fields)

    def answer(
        self, *blocks: str | dict[str, Any], usage: dict[str, Any] | None = None, **fields: Any
    ) -> dict[str, Any]:
        """``blocks``: texts, or blocks as they are. Each answer has a key of its own."""
        self.answers += 1
        message = {
            "id": f"msg_{self.id[:8]}_{self.answers}",
            "role": "assistant",
            "model": self.model,
            "content": [{"type": "text", "text": one} if isinstance(one, str) else one for one in blocks],
            "usage": usage_of() if usage is None else usage,
        }
        return self.line("assistant", **{"message": message, "requestRef": f"ref-{self.answers}", **fields})

    def tool_result(self, content: Any) -> dict[str, Any]:
        block = {"type": "tool_result", "tool_use_id": "toolu_1", "content": content}
        return self.line("user", message={"role": "user", "content": [block]})

    def cost(self, total: float, **counted: dict[str, Any]) -> dict[str, Any]:
        """What the CLI writes at its end: so much in all, for the tokens ``counted`` by model."""
        models = {
            model.replace("_", "-"): {
                "inputTokens": use["input_tokens"],
                "outputTokens": use["output_tokens"],
                "cacheReadInputTokens": use["cache_read_input_tokens"],
                "cacheCreationInputTokens": use["cache_creation_input_tokens"],
            }
            for model, use in counted.items()
        }
        return {"type": "cost-state", "sessionId": self.id, "totalCostUSD": total, "modelUsage": models}

    def path(self, config_dir: Path) -> Path:
        folder = "".join(char if char.isalnum() else "-" for char in self.cwd)
        return config_dir / "projects" / folder / f"{self.id}.jsonl"

    def write(self, config_dir: Path, lines: Iterable[dict[str, Any]]) -> Path:
        """Append ``lines`` to its transcript."""
        path = self.path(config_dir)
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("a", encoding="utf-8") as file:
            file.writelines(to_line(line) for line in lines)
        return path


def to_line(line: dict[str, Any]) -> str:
    return json.dumps(line, ensure_ascii=False, separators=(",", ":")) + "\n"
