"""Writes the test vectors, ``protocol/vectors/*.json``, from the folder ``examples``.

    python protocol/generate_vectors.py            write them
    python protocol/generate_vectors.py --check    exit 1 where a file is not what would be written

The bytes are made by ``msgpack``, or were written by hand; never by the codec that the vectors test.
``vectors/README.md`` describes the files.
"""

import argparse
import json
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import msgpack  # type: ignore[import-untyped]
from examples import messages as examples
from examples.messages import Large, Shape
from examples.methods import METHOD_VECTORS

VECTORS_DIR = Path(__file__).parent / "vectors"
BAD_MESSAGE = 1008

Vector = dict[str, Any]


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description="Write the test vectors.")
    parser.add_argument("--check", action="store_true", help="write nothing; exit 1 on a difference")
    wanted = parser.parse_args(arguments)
    texts = generate()
    if wanted.check:
        differing = find_differences(texts)
        for name in differing:
            print(f"vectors/{name} differs from the examples: run {Path(__file__).name}", file=sys.stderr)
        return 1 if differing else 0
    VECTORS_DIR.mkdir(exist_ok=True)
    for name, text in texts.items():
        (VECTORS_DIR / name).write_text(text, encoding="utf-8")
    return 0


def generate() -> dict[str, str]:
    """The text of each file, by its name."""
    files = {f"{name}.json": describe_message(name, shape) for name, shape in examples.SHAPES.items()}
    files["malformed.json"] = {
        "client": list_malformed(examples.MALFORMED_ANYWHERE + examples.MALFORMED_FROM_CLIENT),
        "daemon": list_malformed(examples.MALFORMED_ANYWHERE + examples.MALFORMED_FROM_DAEMON),
    }
    files["unknown.json"] = {
        "client": list_unknown(examples.UNKNOWN_TO_BOTH + examples.UNKNOWN_TO_DAEMON),
        "daemon": list_unknown(examples.UNKNOWN_TO_BOTH + examples.UNKNOWN_TO_CLIENT),
    }
    files["large.json"] = {
        sender: [describe_large(large) for large in examples.LARGE if large.sender == sender]
        for sender in ("client", "daemon")
    }
    for kind in ("params", "results"):
        files[f"method_{kind}.json"] = {
            key: [to_view(vector) for vector in METHOD_VECTORS[key]] for key in (kind, f"bad_{kind}")
        }
    return {name: write_json(content) for name, content in files.items()}


def find_differences(texts: dict[str, str]) -> list[str]:
    """The names of files that differ, are missing, or should not be there."""
    found = {path.name: path.read_text(encoding="utf-8") for path in VECTORS_DIR.glob("*.json")}
    return sorted(name for name in found.keys() | texts.keys() if found.get(name) != texts.get(name))


# --- one message


def describe_message(name: str, shape: Shape) -> Vector:
    return {
        "message": name,
        "code": shape.code,
        "from": shape.sender,
        "valid": [*list_hand_written(name, shape), *list_valid(name, shape)],
        "invalid": list(list_invalid(shape)),
    }


def list_hand_written(name: str, shape: Shape) -> Iterator[Vector]:
    for title, written, values in examples.HAND_WRITTEN[name]:
        yield {"name": title, "hex": strip_hex(written), "message": make_view(name, shape, values)}


def list_valid(name: str, shape: Shape) -> Iterator[Vector]:
    usual = get_usual_values(shape)
    required = len(shape.fields) - len(shape.defaults)
    yield describe_valid("all fields", name, shape, usual)
    if shape.defaults:
        yield describe_valid("required fields only", name, shape, usual[:required])
    yield {
        "name": "extra trailing fields",
        "hex": pack(shape, [*usual, "a newer field", {"and": [1, None]}]),
        "message": make_view(name, shape, usual),
    }
    for position, (field_name, kind) in enumerate(shape.fields.items()):
        for number, good in enumerate(kind.good[1:], start=2):
            values = [*usual[:position], good, *usual[position + 1 :]]
            yield describe_valid(f"{field_name}, value {number}", name, shape, values)


def list_invalid(shape: Shape) -> Iterator[Vector]:
    usual = get_usual_values(shape)
    required = len(shape.fields) - len(shape.defaults)
    for count in range(required):
        missing = list(shape.fields)[count]
        yield describe_invalid(f"{missing} is missing", shape, usual[:count])
    for position, (field_name, kind) in enumerate(shape.fields.items()):
        for why, bad in kind.bad.items():
            values = [*usual[:position], bad, *usual[position + 1 :]]
            yield describe_invalid(f"{field_name} {why}", shape, values)


def describe_valid(title: str, name: str, shape: Shape, values: list[Any]) -> Vector:
    return {"name": title, "hex": pack(shape, values), "message": make_view(name, shape, values)}


def describe_invalid(why: str, shape: Shape, values: list[Any]) -> Vector:
    return {"name": why, "hex": pack(shape, values), "close_code": BAD_MESSAGE, "why": why}


def get_usual_values(shape: Shape) -> list[Any]:
    return [kind.good[0] for kind in shape.fields.values()]


def make_view(name: str, shape: Shape, values: list[Any]) -> Vector:
    """The message as JSON shows it, with the defaults of what is missing."""
    given = dict(zip(shape.fields, values, strict=False))
    fields = {field: given[field] if field in given else shape.defaults[field] for field in shape.fields}
    view: Vector = to_view({"type": name, **fields})
    return view


# --- what is no message


def list_malformed(rows: list[tuple[str, str, str]]) -> list[Vector]:
    return [
        {"name": name, "hex": strip_hex(written), "close_code": BAD_MESSAGE, "why": why} for name, written, why in rows
    ]


def list_unknown(rows: list[tuple[str, str]]) -> list[Vector]:
    return [{"name": name, "hex": strip_hex(written)} for name, written in rows]


def describe_large(large: Large) -> Vector:
    return {
        "name": large.name,
        "prefix": strip_hex(large.prefix),
        "repeat": strip_hex(large.repeat),
        "count": large.count,
        "close_code": large.close_code,
    }


# --- bytes and text


def pack(shape: Shape, values: list[Any]) -> str:
    packed: bytes = msgpack.packb([shape.code, *values], use_bin_type=True)
    return packed.hex()


def strip_hex(written: str) -> str:
    return bytes.fromhex(written).hex()


def to_view(value: Any) -> Any:
    """A value as JSON can hold it: bytes become {"$bytes": hex}."""
    if isinstance(value, bytes):
        return {"$bytes": value.hex()}
    if isinstance(value, dict):
        return {key: to_view(item) for key, item in value.items()}
    if isinstance(value, list):
        return [to_view(item) for item in value]
    return value


def write_json(content: Vector) -> str:
    """One vector a line, so that a difference is a line too."""
    parts = []
    for key, value in content.items():
        if isinstance(value, list):
            lines = ",\n".join(f"    {json.dumps(item, ensure_ascii=False)}" for item in value)
            parts.append(f'  "{key}": [\n{lines}\n  ]')
        else:
            parts.append(f'  "{key}": {json.dumps(value)}')
    return "{\n" + ",\n".join(parts) + "\n}\n"


if __name__ == "__main__":
    sys.exit(main())
