"""Hypothesis strategies built from the declarations: a new field is tested as soon as it is declared."""

import string
import typing
from typing import Any

import msgspec
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.strategies import SearchStrategy
from msgspec import inspect as declared
from ptyd_protocol.limits import MAX_SEQ
from ptyd_protocol.messages import ClientMessage, DaemonMessage

CLIENT_MESSAGES: tuple[type[msgspec.Struct], ...] = typing.get_args(ClientMessage)
DAEMON_MESSAGES: tuple[type[msgspec.Struct], ...] = typing.get_args(DaemonMessage)
ALL_MESSAGES = CLIENT_MESSAGES + DAEMON_MESSAGES

ALPHABETS = {r"^[A-Za-z0-9_-]+$(?!\n)": string.ascii_letters + string.digits + "_-"}
"""By pattern: drawing from the pattern itself would throw nearly all away for their length."""

bounded = settings(max_examples=40, deadline=None)
"""For tests that run once for each message: enough together, quick on a busy machine."""

MAX_DRAWN_ITEMS = 5
MAX_DRAWN_BYTES = 300
"""Longer than what fits the shortest header of a MessagePack str or bin. Limits have tests of their own."""

any_value: SearchStrategy[Any] = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**63), 2**64 - 1)
    | st.floats(allow_nan=False)
    | st.text(max_size=40)
    | st.binary(max_size=40),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4),
    max_leaves=8,
)


def build_message(cls: type[msgspec.Struct]) -> SearchStrategy[Any]:
    """Messages of one type: every field within its bounds; fields with a default are sometimes left out."""
    return build_struct(describe(cls))


def describe(cls: type[msgspec.Struct]) -> declared.StructType:
    described = declared.type_info(cls)
    assert isinstance(described, declared.StructType)
    return described


def build_struct(struct: declared.StructType) -> SearchStrategy[Any]:
    required = {field.name: build(field.type) for field in struct.fields if field.required}
    optional = {field.name: build(field.type) for field in struct.fields if not field.required}
    return st.fixed_dictionaries(required, optional=optional).map(lambda values: struct.cls(**values))


def build(node: declared.Type) -> SearchStrategy[Any]:
    """Values of a declared type."""
    match node:
        case declared.IntType():
            return st.integers(-MAX_SEQ if node.ge is None else node.ge, MAX_SEQ if node.le is None else node.le)
        case declared.FloatType():
            return st.floats(node.ge, node.le, allow_nan=False)
        case declared.StrType(pattern=str(pattern)):
            alphabet = ALPHABETS[pattern]
            return st.text(alphabet, min_size=node.min_length or 0, max_size=node.max_length)
        case declared.StrType():
            return st.text(min_size=node.min_length or 0, max_size=min(node.max_length or 80, 80))
        case declared.BytesType():
            longest = min(node.max_length or MAX_DRAWN_BYTES, MAX_DRAWN_BYTES)
            return st.binary(min_size=node.min_length or 0, max_size=longest)
        case declared.BoolType():
            return st.booleans()
        case declared.NoneType():
            return st.none()
        case declared.AnyType():
            return any_value
        case declared.LiteralType():
            return st.sampled_from(node.values)
        case declared.ListType():
            longest = min(node.max_length or MAX_DRAWN_ITEMS, MAX_DRAWN_ITEMS)
            return st.lists(build(node.item_type), min_size=node.min_length or 0, max_size=longest)
        case declared.DictType():
            return st.dictionaries(st.text(max_size=20), build(node.value_type), max_size=MAX_DRAWN_ITEMS)
        case declared.UnionType():
            return st.one_of([build(member) for member in node.types])
        case declared.StructType():
            return build_struct(node)
    raise TypeError(f"no strategy for {node}")


def list_fields(message: msgspec.Struct) -> list[Any]:
    """The message's fields in wire order."""
    return [getattr(message, name) for name in message.__struct_fields__]


def get_code(cls: type[msgspec.Struct]) -> int:
    code = cls.__struct_config__.tag
    assert isinstance(code, int)
    return code
