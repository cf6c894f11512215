"""Makes values small enough to be sent: what is too long is cut, and said to be."""

from typing import Any

from ptyd_protocol import limits

MAX_TEXT_CHARS = 128 * 1024
MAX_TOTAL_CHARS = 256 * 1024
MAX_DEPTH = 32


def cut_texts(values: dict[str, Any]) -> tuple[dict[str, Any], bool]:
    """A copy of plain JSON values with long texts cut, and whether anything was."""
    cutter = _Cutter()
    return {key: cutter.cut(value, 1) for key, value in values.items()}, cutter.has_cut


class _Cutter:
    def __init__(self) -> None:
        self.left = MAX_TOTAL_CHARS
        self.has_cut = False

    def cut(self, value: Any, depth: int) -> Any:
        if isinstance(value, str):
            allowed = max(0, min(MAX_TEXT_CHARS, self.left))
            self.left -= min(len(value), allowed)
            if len(value) <= allowed:
                return value
            self.has_cut = True
            return value[:allowed] + "…"
        if isinstance(value, dict | list):
            if depth > MAX_DEPTH or self.left <= 0:
                self.has_cut = self.has_cut or bool(value)
                return "…" if value else value
            if isinstance(value, list):
                return [self.cut(one, depth + 1) for one in value]
            return {str(key): self.cut(one, depth + 1) for key, one in value.items()}
        self.left -= 8
        if isinstance(value, int) and abs(value) > limits.MAX_SEQ:
            return str(value)  # beyond what the wire carries exactly
        return value
