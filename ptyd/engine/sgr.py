"""Styles: as the library's binary snapshot has them, as SGR sequences, and as the protocol's Style."""

from functools import lru_cache
from typing import Literal

from ptyd_protocol.capture import Style

from ptyd.engine.pages import StyleBytes

BOLD, ITALIC, FAINT, BLINK, INVERSE, INVISIBLE, STRIKETHROUGH, OVERLINE = (1 << bit for bit in range(8))
FLAG_PARAMETERS = (
    (BOLD, "1"),
    (FAINT, "2"),
    (ITALIC, "3"),
    (BLINK, "5"),
    (INVERSE, "7"),
    (INVISIBLE, "8"),
    (STRIKETHROUGH, "9"),
    (OVERLINE, "53"),
)
UNDERLINES: tuple[Literal["none", "single", "double", "curly", "dotted", "dashed"], ...] = (
    "none",
    "single",
    "double",
    "curly",
    "dotted",
    "dashed",
)
_BACKGROUND = slice(4, 8)
_PALETTE, _RGB = 1, 2
_CACHED_STYLES = 4096


def has_background(style: StyleBytes) -> bool:
    return style[4] != 0


@lru_cache(_CACHED_STYLES)
def shows_on_blanks(style: StyleBytes) -> bool:
    """Whether a space in this style looks otherwise than a space with but its background."""
    return bool(style[12] & (INVERSE | STRIKETHROUGH | OVERLINE) or style[13] & 7)


def background_alone(style: StyleBytes) -> StyleBytes:
    return bytes(4) + style[_BACKGROUND] + bytes(8)


@lru_cache(_CACHED_STYLES)
def sgr(style: StyleBytes) -> str:
    """The sequence that sets exactly this style, whatever was set before."""
    flags = style[12]
    parameters = ["0"]
    parameters += [parameter for flag, parameter in FLAG_PARAMETERS if flags & flag]
    underline = style[13] & 7
    if underline:
        parameters.append("4" if underline == 1 else f"4:{underline}")
    parameters += _colour(style[0:4], 30, 38)
    parameters += _colour(style[_BACKGROUND], 40, 48)
    kind, *rgb = style[8:12]
    if kind == _PALETTE:
        parameters.append(f"58:5:{rgb[0]}")
    elif kind == _RGB:
        parameters.append("58:2::{}:{}:{}".format(*rgb))
    return f"\x1b[{';'.join(parameters)}m"


def _colour(colour: bytes, basic: int, extended: int) -> list[str]:
    kind, *rgb = colour
    if kind == _RGB:
        return ["{};2;{};{};{}".format(extended, *rgb)]
    if kind != _PALETTE:
        return []
    index = rgb[0]
    if index < 8:
        return [str(basic + index)]
    if index < 16:
        return [str(basic + 60 + index - 8)]
    return [f"{extended};5;{index}"]


@lru_cache(_CACHED_STYLES)
def protocol_style(style: StyleBytes) -> Style:
    flags = style[12]
    return Style(
        fg=_protocol_colour(style[0:4]),
        bg=_protocol_colour(style[_BACKGROUND]),
        bold=bool(flags & BOLD),
        faint=bool(flags & FAINT),
        italic=bool(flags & ITALIC),
        underline=UNDERLINES[min(style[13] & 7, len(UNDERLINES) - 1)],
        underline_color=_protocol_colour(style[8:12]),
        blink=bool(flags & BLINK),
        inverse=bool(flags & INVERSE),
        invisible=bool(flags & INVISIBLE),
        strikethrough=bool(flags & STRIKETHROUGH),
        overline=bool(flags & OVERLINE),
    )


def _protocol_colour(colour: bytes) -> str | int | None:
    if colour[0] == _PALETTE:
        return colour[1]
    return f"#{colour[1:].hex()}" if colour[0] == _RGB else None
