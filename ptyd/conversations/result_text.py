"""What a tool gave back, as text."""

import json
from typing import Any


def result_text(content: Any) -> str:
    """A text as it is, of blocks those of text; a picture by its kind."""
    if isinstance(content, str):
        return content
    if not isinstance(content, list):
        return "" if content is None else json.dumps(content, ensure_ascii=False)
    return "\n".join(_block_text(block) for block in content)


def _block_text(block: Any) -> str:
    if not isinstance(block, dict):
        return str(block)
    text = block.get("text")
    return text if isinstance(text, str) else f"({block.get('type', 'something')})"
