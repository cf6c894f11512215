"""Every touch of the library's C functions, behind typed ones.

A wrong output type corrupts the library's heap instead of raising, so there is one accessor per key, and
tests/engine/test_raw.py calls each of them: it says when a newer library has moved.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal

from ptyd.engine.binding import ffi, lib, make_sized, read_grid_ref

Colour = int
"""0xRRGGBB."""
Format = Literal["text", "vt", "html"]
_FORMATS = {
    "text": lib.GHOSTTY_FORMATTER_FORMAT_PLAIN,
    "vt": lib.GHOSTTY_FORMATTER_FORMAT_VT,
    "html": lib.GHOSTTY_FORMATTER_FORMAT_HTML,
}


class LibraryRefused(Exception):
    """The library returned an error code."""

    def __init__(self, what: str, code: int) -> None:
        super().__init__(f"{what}: {code}")
        self.code = code


class Stopped(Exception):
    """A reader of ``encode`` has enough."""


def _check(code: int, what: str) -> None:
    if code:
        raise LibraryRefused(what, code)


def library_version() -> str:
    text = ffi.new("GhosttyString*")
    _check(lib.ghostty_build_info(lib.GHOSTTY_BUILD_INFO_VERSION_STRING, text), "version")
    return bytes(ffi.buffer(text.ptr, text.len)).decode()


@dataclass
class Answers:
    """What the terminal says about itself when a program asks.

    ``cell_width`` and ``cell_height`` in pixels. ``version`` answers XTVERSION.
    """

    version: bytes = b""
    cell_width: int = 8
    cell_height: int = 16
    dark: bool = True


def _callback(signature: str) -> Callable[[Callable[..., Any]], Any]:
    decorator: Callable[[Callable[..., Any]], Any] = ffi.callback(signature)
    return decorator


class _Callbacks:
    """What the library's callbacks reach through their user data."""

    def __init__(self, answers: Answers) -> None:
        self.answers = answers
        self.replies: list[bytes] = []
        self.size = (0, 0)
        self.version: Any = ffi.from_buffer(answers.version)


@_callback("GhosttyTerminalWritePtyFn")
def _on_reply(_terminal: Any, userdata: Any, data: Any, length: int) -> None:
    ffi.from_handle(userdata).replies.append(bytes(ffi.buffer(data, length)))


@_callback("GhosttyTerminalSizeFn")
def _on_size(_terminal: Any, userdata: Any, size: Any) -> bool:
    self: _Callbacks = ffi.from_handle(userdata)
    size.columns, size.rows = self.size
    size.cell_width, size.cell_height = self.answers.cell_width, self.answers.cell_height
    return True


@_callback("GhosttyTerminalColorSchemeFn")
def _on_colour_scheme(_terminal: Any, userdata: Any, scheme: Any) -> bool:
    dark = ffi.from_handle(userdata).answers.dark
    scheme[0] = lib.GHOSTTY_COLOR_SCHEME_DARK if dark else lib.GHOSTTY_COLOR_SCHEME_LIGHT
    return True


@_callback("GhosttyTerminalXtversionFn")
def _on_xtversion(_terminal: Any, userdata: Any) -> Any:
    self: _Callbacks = ffi.from_handle(userdata)
    return (self.version, len(self.answers.version))


# VT220 with colour (22): the same as the library's own default, and as what Ghostty says.
_CONFORMANCE_VT220 = 62
_FEATURE_COLOUR = 22


@_callback("GhosttyTerminalDeviceAttributesFn")
def _on_device_attributes(_terminal: Any, _userdata: Any, attributes: Any) -> bool:
    attributes.primary.conformance_level = _CONFORMANCE_VT220
    attributes.primary.features[0] = _FEATURE_COLOUR
    attributes.primary.num_features = 1
    attributes.secondary.device_type = 1
    attributes.secondary.firmware_version = 10
    attributes.secondary.rom_cartridge = 0
    attributes.tertiary.unit_id = 0
    return True


@_callback("bool(void*, const uint8_t*, size_t)")
def _on_encoded(userdata: Any, data: Any, length: int) -> bool:
    try:
        ffi.from_handle(userdata)(bytes(ffi.buffer(data, length)))
    except Stopped:
        return False
    return True


class RawTerminal:
    """One terminal of the library, whose calls release the GIL. Free it with ``close``."""

    def __init__(self, handle: Any, answers: Answers) -> None:
        self._handle = handle
        self._callbacks = _Callbacks(answers)
        self._callbacks.size = (self.cols, self.rows)
        self._userdata = ffi.new_handle(self._callbacks)
        self._set(lib.GHOSTTY_TERMINAL_OPT_USERDATA, self._userdata)
        self._set(lib.GHOSTTY_TERMINAL_OPT_WRITE_PTY, _on_reply)
        self._set(lib.GHOSTTY_TERMINAL_OPT_SIZE, _on_size)
        self._set(lib.GHOSTTY_TERMINAL_OPT_COLOR_SCHEME, _on_colour_scheme)
        self._set(lib.GHOSTTY_TERMINAL_OPT_XTVERSION, _on_xtversion)
        self._set(lib.GHOSTTY_TERMINAL_OPT_DEVICE_ATTRIBUTES, _on_device_attributes)

    @classmethod
    def create(cls, cols: int, rows: int, answers: Answers) -> "RawTerminal":
        out = ffi.new("GhosttyTerminal*")
        _check(lib.ghostty_terminal_new(ffi.NULL, out, cols, rows), "new")
        return cls(out[0], answers)

    @classmethod
    def decode(
        cls, encoded: bytes, answers: Answers, continuation_max_bytes: int, *, has_history: bool = True
    ) -> "RawTerminal":
        """The terminal that ``encode`` was called on; without ``has_history`` the bytes end before the scrollback.

        Raises:
            LibraryRefused: the bytes are damaged or of another version.
        """
        decoder = ffi.new("GhosttySnapshotDecoder*")
        _check(lib.ghostty_snapshot_decoder_new_buf(ffi.NULL, decoder, encoded, len(encoded)), "decoder")
        try:
            limit = ffi.new("size_t*", continuation_max_bytes)
            option = lib.GHOSTTY_SNAPSHOT_DECODER_OPT_MAX_CONTINUATION_BYTES
            _check(lib.ghostty_snapshot_decoder_set(decoder[0], option, limit), "decoder limit")
            option = lib.GHOSTTY_SNAPSHOT_DECODER_OPT_RETAIN_CONTINUATION
            _check(lib.ghostty_snapshot_decoder_set(decoder[0], option, ffi.new("bool*", True)), "decoder retain")
            out = ffi.new("GhosttyTerminal*")
            if has_history:
                _check(lib.ghostty_snapshot_decoder_decode(decoder[0], out), "decode")
            else:
                _check(lib.ghostty_snapshot_decoder_ready(decoder[0], out), "decode")
        finally:
            lib.ghostty_snapshot_decoder_free(decoder[0])
        return cls(out[0], answers)

    def close(self) -> None:
        if self._handle is not None:
            lib.ghostty_terminal_free(self._handle)
            self._handle = None

    def __del__(self) -> None:
        self.close()

    # --- doing ---

    def feed(self, data: bytes | memoryview) -> None:
        buffer = ffi.from_buffer(data)
        lib.ghostty_terminal_vt_write(self._handle, buffer, len(buffer))

    def take_replies(self) -> bytes:
        """What the terminal has answered since the last call."""
        replies = self._callbacks.replies
        if not replies:
            return b""
        self._callbacks.replies = []
        return b"".join(replies)

    def resize(self, cols: int, rows: int) -> None:
        answers = self._callbacks.answers
        self._callbacks.size = (cols, rows)
        _check(lib.ghostty_terminal_resize(self._handle, cols, rows, answers.cell_width, answers.cell_height), "resize")

    def compress(self) -> None:
        result = ffi.new("GhosttyTerminalCompressionResult*")
        _check(
            lib.ghostty_terminal_compress(self._handle, lib.GHOSTTY_TERMINAL_COMPRESSION_MODE_FULL, result), "compress"
        )

    def encode(self, take: Callable[[bytes], None]) -> bool:
        """Write the library's binary snapshot to ``take``, piece by piece, until it raises Stopped.

        Returns False where a sequence has begun of which more came than the limit that was set.
        """
        userdata = ffi.new_handle(take)
        writer = ffi.new("GhosttyWriter*", {"write": _on_encoded, "userdata": userdata})
        code: int = lib.ghostty_snapshot_encode(self._handle, writer[0])
        if code == lib.GHOSTTY_IO_ERROR:
            return True  # stopped
        if code in (lib.GHOSTTY_NO_VALUE, lib.GHOSTTY_LIMIT_EXCEEDED, lib.GHOSTTY_INVALID_VALUE):
            return False
        _check(code, "encode")
        return True

    def format_rows(self, first: int, last: int, form: Format, join: bool, trim: bool) -> bytes:
        """Rows ``first`` to ``last`` of the active screen, counted from the oldest in the scrollback."""
        selection = make_sized("GhosttySelection")
        selection.start = self._grid_ref(0, first)[0]
        selection.end = self._grid_ref(self.cols - 1, last)[0]
        options = make_sized("GhosttyFormatterTerminalOptions")
        options.emit, options.unwrap, options.trim, options.selection = _FORMATS[form], join, trim, selection
        formatter = ffi.new("GhosttyFormatter*")
        _check(lib.ghostty_formatter_terminal_new(ffi.NULL, formatter, self._handle, options[0]), "formatter")
        data, length = ffi.new("uint8_t**"), ffi.new("size_t*")
        try:
            _check(lib.ghostty_formatter_format_alloc(formatter[0], ffi.NULL, data, length), "format")
            try:
                return bytes(ffi.buffer(data[0], length[0])) if length[0] else b""
            finally:
                lib.ghostty_free(ffi.NULL, data[0], length[0])
        finally:
            lib.ghostty_formatter_free(formatter[0])

    def _grid_ref(self, col: int, row: int) -> Any:
        point = ffi.new("PtydPoint*")
        point.tag, point.value.x, point.value.y = lib.GHOSTTY_POINT_TAG_SCREEN, col, row
        ref = make_sized("GhosttyGridRef")
        _check(read_grid_ref(self._handle, point[0], ref), f"grid ref {col},{row}")
        return ref

    # --- asking: one accessor per key ---

    def _get(self, key: int, out: Any) -> None:
        _check(lib.ghostty_terminal_get(self._handle, key, out), f"get {key}")

    @property
    def cols(self) -> int:
        out = ffi.new("uint16_t*")
        self._get(lib.GHOSTTY_TERMINAL_DATA_COLS, out)
        return int(out[0])

    @property
    def rows(self) -> int:
        out = ffi.new("uint16_t*")
        self._get(lib.GHOSTTY_TERMINAL_DATA_ROWS, out)
        return int(out[0])

    @property
    def scrollback_rows(self) -> int:
        """Of the active screen; the alternate has none."""
        out = ffi.new("size_t*")
        self._get(lib.GHOSTTY_TERMINAL_DATA_SCROLLBACK_ROWS, out)
        return int(out[0])

    @property
    def title(self) -> bytes:
        out = ffi.new("GhosttyString*")
        self._get(lib.GHOSTTY_TERMINAL_DATA_TITLE, out)
        return bytes(ffi.buffer(out.ptr, out.len)) if out.len else b""

    # --- setting: one accessor per key ---

    def _set(self, key: int, value: Any) -> None:
        _check(lib.ghostty_terminal_set(self._handle, key, value), f"set {key}")

    def set_scrollback(self, max_lines: int, max_bytes: int) -> None:
        self._set(lib.GHOSTTY_TERMINAL_OPT_SCROLLBACK_MAX_LINES, ffi.new("size_t*", max_lines))
        self._set(lib.GHOSTTY_TERMINAL_OPT_SCROLLBACK_MAX_BYTES, ffi.new("size_t*", max_bytes))

    def set_continuation_max_bytes(self, max_bytes: int) -> None:
        self._set(lib.GHOSTTY_TERMINAL_OPT_CONTINUATION_MAX_BYTES, ffi.new("size_t*", max_bytes))

    def set_terminfo_name(self, name: bytes) -> None:
        buffer = ffi.from_buffer(name)
        self._set(lib.GHOSTTY_TERMINAL_OPT_TERMINFO_NAME, ffi.new("GhosttyString*", (buffer, len(name))))

    def set_kitty_image_limit(self, max_bytes: int) -> None:
        self._set(lib.GHOSTTY_TERMINAL_OPT_KITTY_IMAGE_STORAGE_LIMIT, ffi.new("uint64_t*", max_bytes))

    def set_foreground(self, colour: Colour) -> None:
        self._set(lib.GHOSTTY_TERMINAL_OPT_COLOR_FOREGROUND, _rgb(colour))

    def set_background(self, colour: Colour) -> None:
        self._set(lib.GHOSTTY_TERMINAL_OPT_COLOR_BACKGROUND, _rgb(colour))

    def set_cursor_colour(self, colour: Colour | None) -> None:
        self._set(lib.GHOSTTY_TERMINAL_OPT_COLOR_CURSOR, ffi.NULL if colour is None else _rgb(colour))

    def set_palette(self, colours: list[Colour]) -> None:
        """The first colours of the 256; the others are the library's own."""
        palette = ffi.new("GhosttyColorRgb[256]")
        lib.ghostty_color_palette_default(palette)
        for index, colour in enumerate(colours[:256]):
            palette[index] = _rgb(colour)[0]
        self._set(lib.GHOSTTY_TERMINAL_OPT_COLOR_PALETTE, palette)


def _rgb(colour: Colour) -> Any:
    return ffi.new("GhosttyColorRgb*", (colour >> 16 & 255, colour >> 8 & 255, colour & 255))
