"""A conversation as Markdown. What was said is Markdown already; what tools take and give stands in fences."""

import json
import re
from typing import Any

from ptyd.conversations.result_text import result_text
from ptyd.conversations.transcript import Block
from ptyd.conversations.writer import NAMES, Part


class MarkdownWriter:
    def head(self, facts: dict[str, Any]) -> str:
        title = " ".join(str(facts.get("title") or facts.get("id", "")).split())
        rows = "".join(f"- {name}: {value}\n" for name, value in facts.items() if name != "title" and value != "")
        return f"# {title}\n\n{rows}\n"

    def part(self, part: Part) -> str:
        heading = f"## {NAMES.get(part.role, part.role)}"
        heading += f" · {part.time}" if part.time else ""
        heading += f" · {part.model}" if part.model else ""
        blocks = "".join(self._block(block) for block in part.blocks)
        return f"{heading}\n\n{blocks}" if part.is_new else blocks

    def tail(self) -> str:
        return ""

    def _block(self, block: Block) -> str:
        if block.type == "text":
            return f"{block.text}\n\n"
        if block.type == "thinking":
            return "".join(f"> {line}\n" for line in block.thinking.splitlines()) + "\n"
        if block.type == "tool_use":
            return f"**{block.name}**\n\n{fence(json.dumps(block.input, indent=2, ensure_ascii=False), 'json')}"
        if block.type == "tool_result":
            return fence(result_text(block.content))
        return f"*({block.type})*\n\n"


def fence(text: str, language: str = "") -> str:
    """``text`` in a fence that nothing in it can end."""
    longest = max((len(run) for run in re.findall("`+", text)), default=0)
    ticks = "`" * max(3, longest + 1)
    return f"{ticks}{language}\n{text}\n{ticks}\n\n"
