"""A conversation as JSON."""

import json
from typing import Any

from ptyd.conversations.transcript import Block
from ptyd.conversations.writer import Part


class JsonWriter:
    """An array: what is known of the conversation, then its messages."""

    def head(self, facts: dict[str, Any]) -> str:
        # The conversation is the first element, so that each message can bring its comma with it.
        return "[" + json.dumps({"conversation": facts}, ensure_ascii=False)

    def part(self, part: Part) -> str:
        blocks = [_plain(block) for block in part.blocks]
        row = {"role": part.role, "time": part.time, "model": part.model, "continues": not part.is_new}
        return ",\n" + json.dumps({**row, "blocks": blocks}, ensure_ascii=False)

    def tail(self) -> str:
        return "]\n"


def _plain(block: Block) -> dict[str, Any]:
    fields = {name: getattr(block, name) for name in block.__struct_fields__}
    return {name: value for name, value in fields.items() if value not in ("", None)}
