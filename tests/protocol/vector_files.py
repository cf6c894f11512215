"""Reads the test vectors; ``protocol/vectors/README.md`` describes them."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec
from ptyd_protocol.codec import decode_client_message, decode_daemon_message
from ptyd_protocol.messages import Message

PROTOCOL_DIR = Path(__file__).parent.parent.parent / "protocol"
VECTORS_DIR = PROTOCOL_DIR / "vectors"

DECODERS: dict[str, Callable[[bytes], Message | None]] = {
    "client": decode_client_message,
    "daemon": decode_daemon_message,
}
"""By who sends."""


def load_vectors(name: str) -> Any:
    return json.loads((VECTORS_DIR / name).read_text(encoding="utf-8"))


def list_message_files() -> list[str]:
    """One for each message: their names begin with a capital."""
    return sorted(path.name for path in VECTORS_DIR.glob("*.json") if path.name[0].isupper())


def view_message(message: msgspec.Struct) -> dict[str, Any]:
    """The message as the vectors show it."""
    fields = {name: view_value(getattr(message, name)) for name in message.__struct_fields__}
    return {"type": type(message).__name__, **fields}


def view_value(value: Any) -> Any:
    if isinstance(value, msgspec.Struct):
        return {name: view_value(getattr(value, name)) for name in value.__struct_fields__}
    if isinstance(value, bytes):
        return {"$bytes": value.hex()}
    if isinstance(value, dict):
        return {key: view_value(item) for key, item in value.items()}
    if isinstance(value, list):
        return [view_value(item) for item in value]
    return value


def read_value(view: Any) -> Any:
    """What a view stands for."""
    if isinstance(view, dict):
        if view.keys() == {"$bytes"}:
            return bytes.fromhex(view["$bytes"])
        return {key: read_value(item) for key, item in view.items()}
    if isinstance(view, list):
        return [read_value(item) for item in view]
    return view
