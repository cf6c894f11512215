"""Output as text: control sequences removed. Where no exact screen is kept, this is what can be read and searched.

It is not a screen: what a full-screen program paints over stays in the text. Jumps of the cursor become line ends
or spaces, so that words that stand apart on the screen do not run together.
"""

import codecs
import re

_SEQUENCE = re.compile(
    r"\x1b\[(?P<params>[0-?]*)[ -/]*(?P<final>[@-~])"  # CSI
    # OSC, DCS, SOS, PM, APC with their strings. Any escape ends a string, as in terminals; were it looked further for
    # its end, output full of beginnings would take time by the square of its length.
    r"|\x1b[\]PX^_][^\x07\x1b\x9c]*+(?:\x07|\x1b\\|\x9c|(?=\x1b))"
    r"|\x1b[ -/]*[0-~]"  # other escapes
    r"|[\x00-\x08\x0b-\x0c\x0e-\x1f\x7f-\x9f]",  # C1, too: to some terminals U+009B is the beginning of a sequence
)
_UNFINISHED = re.compile(r"\x1b(?:\[[0-?]*[ -/]*|[\]PX^_][^\x07\x1b\x9c]*\x1b?|[ -/]*)\Z")
_LINE_END = re.compile(r"\r*\n|\r+")

MAX_UNFINISHED_CHARS = 4096
"""A longer unfinished sequence is no sequence, and is shown."""

_MOVES_TO_ANOTHER_LINE = frozenset("HfdEFABJ")
_MAX_SPACES = 500


class PlainText:
    """Turns output into text, chunk by chunk; the chunks may be cut anywhere."""

    def __init__(self) -> None:
        self._decoder = codecs.getincrementaldecoder("utf-8")("replace")
        self._unfinished = ""
        self._returns = ""
        """Carriage returns at the end of the text so far: what comes next says whether they are a line end with it."""

    def feed(self, data: bytes) -> str:
        """The text of ``data``; a sequence that has only begun waits for the rest."""
        text = self._unfinished + self._decoder.decode(data)
        self._unfinished = ""
        match = _UNFINISHED.search(text, max(0, len(text) - MAX_UNFINISHED_CHARS))
        if match is not None:
            self._unfinished = match.group()
            text = text[: match.start()] + "\x1b"  # which ends a string before it, and leaves no trace itself
        text = self._returns + _SEQUENCE.sub(_replace, text)
        shown = text.rstrip("\r")
        self._returns = text[len(shown) :]
        return _LINE_END.sub("\n", shown)


def plain_text(data: bytes) -> str:
    """The whole of ``data`` as text."""
    return PlainText().feed(data)


def _replace(match: re.Match[str]) -> str:
    final = match["final"]
    if final is None:
        return ""
    if final == "C":
        return " " * min(
            int(match["params"] or 1) if match["params"].isdigit() or not match["params"] else 1, _MAX_SPACES
        )
    if final == "G":
        return " "
    return "\n" if final in _MOVES_TO_ANOTHER_LINE else ""
