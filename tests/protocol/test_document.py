"""PROTOCOL.md says what the declarations say: every field in order, default, limit, word and code."""

import re
from typing import Any

import msgspec
import pytest
from ptyd_protocol import limits
from ptyd_protocol.close_codes import RETRY_CLOSE_CODES, CloseCode
from ptyd_protocol.codec import decode_client_message, decode_daemon_message
from ptyd_protocol.errors import ErrorCode
from ptyd_protocol.methods import METHODS

from tests.protocol.strategies import ALL_MESSAGES, CLIENT_MESSAGES, describe, get_code
from tests.protocol.vector_files import PROTOCOL_DIR

DOCUMENT = (PROTOCOL_DIR / "PROTOCOL.md").read_text(encoding="utf-8")
SECTIONS: dict[str, str] = dict(re.findall(r"^#{2,3} (.+?)\n(.*?)(?=^#{2,3} |\Z)", DOCUMENT, re.MULTILINE | re.DOTALL))
"""The text below each heading, up to the next."""


def find_section(beginning: str) -> str:
    [title] = [title for title in SECTIONS if title.startswith(beginning)]
    return SECTIONS[title]


def read_rows(section: str) -> list[list[str]]:
    """The cells of the first table, without its head."""
    lines = re.search(r"(?:^\|.*\n)+", section, re.MULTILINE)
    assert lines is not None
    return [
        [cell.strip().strip("`") for cell in line.strip().strip("|").split("|")]
        for line in lines.group().splitlines()[2:]
    ]


def show_default(field: msgspec.structs.FieldInfo) -> str:
    """A default as the tables write it."""
    if field.required:
        return ""
    default: Any = field.default
    if field.default_factory is not msgspec.NODEFAULT:
        default = field.default_factory()
    if default is None:
        return "nil"
    if isinstance(default, msgspec.Struct):
        assert default == type(default)(), "a structure is documented as its own defaults"
        return "{}"
    if isinstance(default, bool):
        return str(default).lower()
    return f'"{default}"' if isinstance(default, str) else str(default)


def assert_fields_documented(cls: type[msgspec.Struct], section: str) -> None:
    documented = [(name, default) for name, _, default, _ in read_rows(section)]
    assert documented == [(field.name, show_default(field)) for field in msgspec.structs.fields(cls)]


@pytest.mark.parametrize("cls", ALL_MESSAGES, ids=lambda cls: cls.__name__)
def test_messages(cls: type[msgspec.Struct]) -> None:
    sender = "client" if cls in CLIENT_MESSAGES else "daemon"
    assert_fields_documented(cls, SECTIONS[f"{cls.__name__} · {get_code(cls)} · {sender}"])


def test_no_message_is_documented_that_does_not_exist() -> None:
    documented = {int(code) for code in re.findall(r"^### \w+ · (\d+) ·", DOCUMENT, re.MULTILINE)}
    assert documented == {get_code(cls) for cls in ALL_MESSAGES}


def list_method_structs() -> list[type[msgspec.Struct]]:
    from_methods = {struct for row in METHODS.values() for struct in (row.params, row.result)}
    found: dict[str, type[msgspec.Struct]] = {}
    waiting = [struct for struct in from_methods if struct is not None]
    while waiting:
        candidate = waiting.pop()
        if isinstance(candidate, type) and issubclass(candidate, msgspec.Struct):
            found[candidate.__name__] = candidate
            waiting.extend(field.type for field in msgspec.structs.fields(candidate))
        else:
            waiting.extend(getattr(candidate, "__args__", ()))
    return [found[name] for name in sorted(found)]


@pytest.mark.parametrize("cls", list_method_structs(), ids=lambda cls: cls.__name__)
def test_parameters_and_results(cls: type[msgspec.Struct]) -> None:
    if not describe(cls).fields:
        assert "No fields." in SECTIONS[cls.__name__]
        return
    assert_fields_documented(cls, SECTIONS[cls.__name__])


def test_methods() -> None:
    rows = read_rows(find_section("10 Requests"))
    assert [(method, params, result) for method, params, result, *_ in rows] == [
        (name, row.params.__name__, show_result(row.result)) for name, row in METHODS.items()
    ]
    further = {word for *_, failures in rows for word in re.findall(r"\w+", failures)}
    assert further <= set(ErrorCode)


def show_result(result: Any) -> str:
    if result is None:
        return "nil"
    name: str = getattr(result, "__args__", (result,))[0].__name__
    return f"list of {name}" if getattr(result, "__origin__", None) is list else name


def test_limits() -> None:
    rows = read_rows(find_section("13 Limits"))
    documented = {name: float(value.replace(",", "")) for name, value, _, _ in rows}
    declared = {
        name: float(value) for name, value in vars(limits).items() if name.isupper() and name not in {"KIB", "MIB"}
    }
    assert documented == declared
    for name, _, _, wire_name in rows:
        assert wire_name in {"", name.lower()}


def test_close_codes() -> None:
    rows = [row for row in read_rows(find_section("14 Close codes")) if row[1]]
    assert {int(code): name for code, name, *_ in rows} == {code.value: code.name for code in CloseCode}
    assert {int(code) for code, _, _, again in rows if again.startswith("yes")} == {
        code for code in CloseCode if code in RETRY_CLOSE_CODES
    }


def test_error_codes() -> None:
    documented = [code for code, *_ in read_rows(find_section("15 Error codes"))]
    assert documented == [code.value for code in ErrorCode]


def test_example_in_bytes() -> None:
    [block] = re.findall(r"```hex\n(.*?)```", DOCUMENT, re.DOTALL)
    described = [re.match(r"\w+", row[1]) for row in read_rows(find_section("17 An example"))]
    lines = block.splitlines()
    assert len(lines) == len(described)
    for line, name in zip(lines, described, strict=True):
        decode = decode_client_message if line[0] == ">" else decode_daemon_message
        message = decode(bytes.fromhex(line[1:]))
        assert name is not None and type(message).__name__ == name.group(), line


def test_links_lead_somewhere() -> None:
    anchors = {re.sub(r"[^\w -]", "", title.lower()).replace(" ", "-") for title in SECTIONS}
    links = re.findall(r"\]\(#([^)]+)\)", DOCUMENT)
    assert links
    assert set(links) <= anchors
