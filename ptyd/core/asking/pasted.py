"""What is pasted into a program, and how a file's name has to look so that it can be pasted anywhere."""

import re
import unicodedata

PASTE_BEGIN, PASTE_END = b"\x1b[200~", b"\x1b[201~"

BRACKETS_ON, BRACKETS_OFF = b"\x1b[?2004h", b"\x1b[?2004l"

MAX_NAME_BYTES = 200
"""Of 255 that file systems take: there is room for a number."""

NAME_WITHOUT_ONE = "file"
_HARMLESS = frozenset("._-+@=,")
_MAX_SUFFIX_CHARS = 16

_NOT_FOR_PASTING = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f]")
"""What a terminal takes for keys or for the end of the paste. Tab and line feed stay."""


def encode_paste(text: str, is_bracketed: bool) -> bytes:
    """The input for ``text``. Line ends are those of the Enter key, as terminals have it."""
    lines = text.replace("\r\n", "\n").replace("\r", "\n")
    data = _NOT_FOR_PASTING.sub("", lines).replace("\n", "\r").encode(errors="replace")
    return PASTE_BEGIN + data + PASTE_END if is_bracketed else data


def wants_brackets(output: bytes) -> bool:
    """What a program's output says of it, for whom there is no screen engine to ask."""
    return output.rfind(BRACKETS_ON) > output.rfind(BRACKETS_OFF)


def safe_name(wish: str) -> str:
    """A file's name that is ``wish`` as far as possible: one part of a path, not hidden, no option of a command, and
    without any character that a shell would take for more than itself. So its path means the same to a shell, to an
    editor and to Claude Code."""
    last = unicodedata.normalize("NFC", re.split(r"[/\\]", wish)[-1])
    stem, _, suffix = last.rpartition(".")
    suffix = _make_safe(suffix)
    if not stem.strip(".") or not 0 < len(suffix) <= _MAX_SUFFIX_CHARS:
        return _cut(_make_safe(last), MAX_NAME_BYTES) or NAME_WITHOUT_ONE
    stem = _cut(_make_safe(stem), MAX_NAME_BYTES - len(suffix.encode()) - 1) or NAME_WITHOUT_ONE
    return f"{stem}.{suffix}"


def _make_safe(part: str) -> str:
    shown = "".join(char if _is_harmless(char) else "-" for char in part)
    return re.sub("-{2,}", "-", shown).lstrip("._-+@=,").rstrip("-.")


def _is_harmless(char: str) -> bool:
    return char in _HARMLESS or unicodedata.category(char)[0] in "LNM"


def _cut(text: str, max_bytes: int) -> str:
    return text.encode()[:max_bytes].decode(errors="ignore").rstrip("-.")


def numbered(name: str, number: int) -> str:
    """``shot.png`` and 2: ``shot-2.png``."""
    stem, dot, suffix = name.rpartition(".")
    return f"{stem}-{number}.{suffix}" if dot else f"{name}-{number}"
