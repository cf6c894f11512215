"""Looks at what a page really shows."""

import struct
import zlib

from playwright.sync_api import Page


def count_lit_pixels(page: Page, selector: str) -> int:
    """How many pixels in the upper left corner of an element differ clearly from the background: 0 where nothing is
    written there."""
    box = page.locator(selector).bounding_box()
    assert box is not None
    width, height = min(240, box["width"]), min(60, box["height"])
    rows = decode_png(page.screenshot(clip={"x": box["x"], "y": box["y"], "width": width, "height": height}))
    background = rows[0][:3]
    lit = 0
    for row in rows:
        for start in range(0, len(row), 3):
            if sum(abs(row[start + index] - background[index]) for index in range(3)) > 150:
                lit += 1
    return lit


def decode_png(data: bytes) -> list[bytes]:
    """The rows of RGB pixels of a PNG as Chromium writes it: eight bits a channel, not interlaced."""
    width, height, depth, kind, _, _, interlace = struct.unpack(">IIBBBBB", data[16:29])
    channels = {2: 3, 6: 4}[kind]
    assert depth == 8 and interlace == 0
    packed = b""
    at = 8
    while at < len(data):
        (length,) = struct.unpack(">I", data[at : at + 4])
        if data[at + 4 : at + 8] == b"IDAT":
            packed += data[at + 8 : at + 8 + length]
        at += 12 + length
    raw = zlib.decompress(packed)
    stride = width * channels
    rows: list[bytes] = []
    above = bytes(stride)
    for row in range(height):
        start = row * (stride + 1)
        above = _unfilter(raw[start], raw[start + 1 : start + 1 + stride], above, channels)
        rows.append(above if channels == 3 else _drop_alpha(above))
    return rows


def _drop_alpha(row: bytes) -> bytes:
    pixels = bytearray(len(row) // 4 * 3)
    for channel in range(3):
        pixels[channel::3] = row[channel::4]
    return bytes(pixels)


def _unfilter(kind: int, line: bytes, above: bytes, step: int) -> bytes:
    """One row as PNG's filters have it (https://www.w3.org/TR/png/#9Filters)."""
    if kind == 0:
        return line
    row = bytearray(line)
    for index in range(len(row)):
        left = row[index - step] if index >= step else 0
        corner = above[index - step] if index >= step else 0
        up = above[index]
        guess = (0, left, up, (left + up) // 2, _paeth(left, up, corner))[kind]
        row[index] = (row[index] + guess) & 0xFF
    return bytes(row)


def _paeth(left: int, up: int, corner: int) -> int:
    estimate = left + up - corner
    return min((left, up, corner), key=lambda value: abs(estimate - value))
