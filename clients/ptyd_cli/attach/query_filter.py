"""Taking the questions to a terminal out of output. No I/O.

A program asks its terminal ("where is the cursor?", "what are you?") and the terminal answers on the
keyboard's side. Where the daemon answers, a second answer from here would land in a prompt that never asked: all output
goes through this filter. Where it does not, replayed output does, and everything that an observer sees; what the
controller's terminal is asked live passes.

Sources: xterm's ctlseqs (patch 390), the VT510 manual, the kitty protocols.
"""

import re
from collections.abc import Callable

MAX_HELD_BYTES = 4096
"""An unfinished sequence longer than this is data (an image, a clipboard), and no question that we know."""

_HARMLESS = (
    rb"\[[\d;:]*+[@-Zabd-mo-svwyz]"  # CSI with numbers only, but for DA1, DSR, XTWINOPS, DECREQTPARM
    rb"|\[\?[\d;]*+[hl]"
    rb"|[()][0B]"
    rb"|[78=>DEM\\]"
    rb"|\](?:[0-37-9]|133|633);"  # titles, links, the shell's marks: the next ESC that counts is the one that ends them
)
_ESCAPE = re.compile(rb"\x1b(?!" + _HARMLESS + rb")")
"""What drawing consists of is passed over here, in the one search, so that it costs no more than looking."""
_INTRODUCER = re.compile(_ESCAPE.pattern + rb"|\x05|\xc2(?:[\x90\x9a\x9b\x9d\x9f]|\Z)")
"""ESC, ENQ, and the 8-bit DCS, DECID, CSI, OSC and APC as UTF-8 terminals read them. Slower, so it is for data that
holds other than ESC."""

_CSI = re.compile(rb"[\x00-\x17\x19\x1c-\x1f\x20-\x3f\x7f]*([\x40-\x7e])?")
_EMBEDDED_CONTROLS = re.compile(rb"[\x00-\x1f\x7f]")
_PASSTHROUGH = b"tmux;"
"""DCS ``tmux;`` hands what follows, with each ESC doubled, through a tmux to the terminal around it. The session's
terminal is no tmux; and were the outer one, whatever is asked in there would be answered to us."""
_PASSTHROUGH_END = re.compile(rb"\x1b[\x1b\\]|(?=\x1b[^\x1b\\])")
_STRING_END = re.compile(rb"\x1b\\|\xc2\x9c|[\x18\x1a]|\x1b(?=[^\\])")
_OSC_END = re.compile(rb"\x07|" + _STRING_END.pattern)

_CSI_QUESTION = re.compile(
    rb"""
      [>=]? 0* c                            # DA1, DA2, DA3
    | \??[\d;]* n                           # DSR: status, cursor position, keyboard, colour scheme, ...
    | \??\d* \$ p                           # DECRQM
    | > \d* q                               # XTVERSION
    | \? u                                  # kitty keyboard: which flags
    | [01]? x                               # DECREQTPARM
    | (?: 11|13|14|15|16|18|19|20|21 ) (?: ;\d* )* t  # XTWINOPS: state, place, sizes, titles
    | \? [\d;]* m                           # XTQMODKEYS
    | \? [\d;]* S                           # XTSMGRAPHICS
    | [\d;]* \$ [uw]                        # DECRQTSR, DECRQPSR
    | [\d;]* \* y                           # DECRQCRA
    | & u                                   # DECRQUPSS
    | " v                                   # DECRQDE
    | \d* ' \|                              # DECRQLP
    | [\d;]* \# [|R]                        # XTREPORTSGR, XTREPORTCOLORS
    """,
    re.VERBOSE,
)

_TITLE_STACK = re.compile(rb"(22|23)(?:;\d*)*t")

_OSC_QUESTION = re.compile(
    rb"""
      (?: [45] | 1[0-9] | 21 | 22 | 50 | 52 | 5522 | 7501 ) ; (?: .* [;=] )? \? (?: ; .* )?
                                            # colours, font, clipboard, ...
    | 22 ; \? .*                            # kitty: shape of the pointer
    | 99 ; .* \b p=\? .*                    # kitty notifications
    | 6[01] .*                              # xterm: what is allowed
    | 1337 ; (?: ReportCellSize | ReportVariable= .* | Capabilities | RequestUpload= .* )
    """,
    re.VERBOSE | re.DOTALL,
)

_DCS_QUESTION = re.compile(rb"[\d;]*(?:\$q|\+q)")
"""DECRQSS and XTGETTCAP."""

_GRAPHICS = re.compile(rb"G([^;]*)(;|\Z)")


class QueryFilter:
    """Streaming: any split of the input gives the same output. ``passing`` may be switched at any moment."""

    def __init__(self, *, passing: bool = False) -> None:
        self.passing = passing
        self._held = b""
        self._is_dropping = False
        self._is_passthrough = False
        self._titles_pushed = 0

    def feed(self, data: bytes) -> bytes:
        """``data`` without questions. The beginning of what may become one is held until it is known."""
        if self.passing and not self._is_dropping:
            held, self._held = self._held, b""
            return held + data if held else data
        data = self._held + data
        self._held = b""
        return b"".join(self._sift(data))

    def reset(self) -> None:
        """Forget an unfinished sequence: the output starts anew."""
        self._held = b""
        self._is_dropping = self._is_passthrough = False
        self._titles_pushed = 0

    def _sift(self, data: bytes) -> list[bytes]:
        kept: list[bytes] = []
        introducer = _INTRODUCER if b"\xc2" in data or b"\x05" in data else _ESCAPE
        position = self._skip_dropped(data, 0) if self._is_dropping else 0
        while position < len(data):
            found = introducer.search(data, position)
            if found is None:
                kept.append(data[position:])
                break
            kept.append(data[position : found.start()])
            end, instead = self._judge(data, found.start())
            if end is None:
                self._held = data[found.start() :]
                break
            kept.append(instead)
            position = self._skip_dropped(data, end) if self._is_dropping else end
        return kept

    def _skip_dropped(self, data: bytes, start: int) -> int:
        """Where the string that is being dropped ends; a lone ESC at the end of ``data`` is held."""
        if self._is_passthrough:
            return self._skip_passthrough(data, start)
        end = _STRING_END.search(data, start)
        if end is not None:
            self._is_dropping = False
            return end.end() if end[0] != b"\x1b" else end.start()
        if data.endswith((b"\x1b", b"\xc2")):
            self._held = data[-1:]
        return len(data)

    def _skip_passthrough(self, data: bytes, start: int) -> int:
        for found in _PASSTHROUGH_END.finditer(data, start):
            start = found.end()
            if found[0] != b"\x1b\x1b":
                self._is_dropping = self._is_passthrough = False
                return start
        if data.endswith(b"\x1b", start):
            self._held = data[-1:]
        return len(data)

    def _judge(self, data: bytes, start: int) -> tuple[int | None, bytes]:
        """What becomes of the sequence at ``start``: its end (None: not here yet) and what to write instead
        of it."""
        end, instead = self._judge_sequence(data, start)
        if self._is_dropping:
            return end, instead
        if (len(data) if end is None else end) - start > MAX_HELD_BYTES:
            # Said of a whole sequence as of an unfinished one, so that it does not matter how the bytes came.
            return start + 1, data[start : start + 1]
        return end, instead

    def _judge_sequence(self, data: bytes, start: int) -> tuple[int | None, bytes]:
        if data[start] == 0x05:
            return start + 1, b""
        if start + 1 >= len(data):
            return None, b""
        kind = data[start + 1]
        if data[start] == 0xC2:
            kind -= 0x40
        body = start + 2
        if kind == ord("["):
            return self._judge_csi(data, start, body)
        if kind == ord("]"):
            return self._judge_string(data, start, body, _OSC_END, _OSC_QUESTION.fullmatch)
        if kind == ord("P"):
            head = data[body : body + len(_PASSTHROUGH)]
            if head == _PASSTHROUGH:
                self._is_dropping = self._is_passthrough = True
                return body + len(head), b""
            if _PASSTHROUGH.startswith(head):
                return None, b""
            return self._judge_string(data, start, body, _STRING_END, _DCS_QUESTION.match)
        if kind == ord("_"):
            return self._judge_application_command(data, start, body)
        if kind == ord("Z"):
            return body, b""
        # Only the ESC itself is settled: what follows it may be the introducer of the next sequence.
        return start + 1, data[start : start + 1]

    def _judge_csi(self, data: bytes, start: int, body: int) -> tuple[int | None, bytes]:
        matched = _CSI.match(data, body)
        assert matched is not None
        end = matched.end()
        if matched[1] is None:
            # Either it goes on, or an ESC, CAN or SUB (or no ASCII at all) has put an end to it.
            return (None, b"") if end == len(data) else (end, data[start:end])
        controls = b"".join(_EMBEDDED_CONTROLS.findall(matched[0]))
        sequence = _EMBEDDED_CONTROLS.sub(b"", matched[0])
        if _CSI_QUESTION.fullmatch(sequence) or self._pops_too_much(sequence):
            return end, controls.replace(b"\x05", b"")
        return end, data[start:end].replace(b"\x05", b"")

    def _pops_too_much(self, sequence: bytes) -> bool:
        """Whether it takes a title from the terminal's stack that this output has not put there: a screen does not
        bring the session's own stack along, and what lies on the terminal's is the title to return to."""
        operation = _TITLE_STACK.fullmatch(sequence)
        if operation is None:
            return False
        self._titles_pushed += 1 if operation[1] == b"22" else -1
        if self._titles_pushed >= 0:
            return False
        self._titles_pushed = 0
        return True

    def _judge_string(
        self,
        data: bytes,
        start: int,
        body: int,
        string_end: re.Pattern[bytes],
        is_question: Callable[[bytes], re.Match[bytes] | None],
    ) -> tuple[int | None, bytes]:
        ended = string_end.search(data, body)
        if ended is None:
            return None, b""
        end = ended.end() if ended[0] != b"\x1b" else ended.start()
        if is_question(data[body : ended.start()]):
            return end, b""
        return end, data[start:end]

    def _judge_application_command(self, data: bytes, start: int, body: int) -> tuple[int | None, bytes]:
        """Kitty graphics: a query goes, any other command is told not to answer. All else passes."""
        ended = _STRING_END.search(data, body)
        head_end = ended.start() if ended else len(data)
        matched = _GRAPHICS.match(data[body:head_end])
        if data[body : body + 1] not in (b"G", b""):
            return start + 2, data[start : start + 2]
        if matched is None or (matched[2] == b"" and ended is None):
            return None, b""
        keys = [key for key in matched[1].split(b",") if key and not key.startswith(b"q=")]
        control_end = body + matched.end(1)
        if b"a=q" not in keys:
            return control_end, data[start:body] + b"G" + b",".join([*keys, b"q=2"])
        self._is_dropping = True
        return control_end, b""
