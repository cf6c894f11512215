"""Finding the detach chord among the keys on their way to a session. No I/O.

The default is ``C-\\ d``. Among the control keys that every terminal can send, Ctrl-\\ is the one that is
free where it counts:

- vim uses it as a prefix itself (``C-\\ C-n``, ``C-\\ C-g``) and keeps ``C-\\ a-z`` for extensions (``:help
  CTRL-\\``): a prefix that waits for its second key changes nothing there, and ``C-\\ C-n`` passes through
  whole;
- readline, zle and fish do not bind it (``C-]`` is character-search, ``C-_`` undo, ``C-@`` set-mark);
- Claude Code does not bind it (it binds ``C-]``, ``C-_`` and most letters);
- ``C-^`` is vim's alternate file and mosh's escape; ``C-a`` and ``C-b`` are screen's and tmux's.

What it does mean is QUIT, for a program that leaves the line to the terminal: there it has to be pressed
twice. Where the layout hides the backslash, Ctrl-4 is the same key.

A chord may arrive in pieces, in kitty's or in xterm's encoding, and with key releases in between. Text inside
a bracketed paste is never a chord.
"""

from dataclasses import dataclass

from ptyd_cli.attach.key_codes import (
    ESC,
    Key,
    KeyPress,
    comes_by_itself,
    control_byte_of,
    decode_key,
    next_token,
)
from ptyd_cli.attach.pasted_text import PASTE_START, PastedText

DEFAULT_DETACH_KEYS = "C-\\ d"

MAX_PARTIAL_BYTES = 64
"""A longer unfinished sequence is no key."""


@dataclass(frozen=True)
class DetachKeys:
    """The prefix, always with Ctrl, and the key that follows it."""

    prefix: Key
    command: Key

    def __str__(self) -> str:
        return " ".join(("C-" if key.ctrl else "") + key.character for key in (self.prefix, self.command))


def parse_detach_keys(text: str) -> DetachKeys | None:
    """``"C-\\ d"``, ``"^a ^d"``, ``"ctrl-p ctrl-q"``; None for ``"none"``, which switches the chord off.

    Raises:
        ValueError: with what is wrong, for people.
    """
    words = text.replace(",", " ").split()
    if [word.lower() for word in words] == ["none"]:
        return None
    if len(words) != 2:
        raise ValueError(f"detach keys are two keys such as {DEFAULT_DETACH_KEYS!r}, or 'none'; got {text!r}")
    prefix, command = (_parse_key(word) for word in words)
    if not prefix.ctrl:
        raise ValueError(f"the first detach key needs Ctrl, as in {DEFAULT_DETACH_KEYS!r}; got {words[0]!r}")
    if prefix.control_byte == ESC:
        raise ValueError("C-[ is Escape and cannot begin the detach keys")
    if prefix == command:
        raise ValueError("the two detach keys must differ: the first one twice sends it to the session")
    return DetachKeys(prefix, command)


def _parse_key(word: str) -> Key:
    for marker in ("C-", "c-", "^", "ctrl-", "Ctrl-", "ctrl+", "Ctrl+"):
        character = word.removeprefix(marker)
        if character != word and character:
            character = " " if character.lower() == "space" else character.lower()
            control_byte_of(character)
            return Key(character, ctrl=True)
    if len(word) != 1 or not word.isprintable() or not word.isascii():
        raise ValueError(f"{word!r} is no key that a detach chord can hold")
    return Key(word.lower())


class ChordDetector:
    """Takes what was typed, gives what the session shall get.

    A prefix is held back until the key after it: the command detaches, the prefix again sends it once, any
    other key sends both. Nothing typed is lost unless the chord is completed.
    """

    def __init__(self, keys: DetachKeys | None) -> None:
        self._keys = keys
        self._held: list[tuple[bytes, bool]] = []  # (token, is it the prefix) since the prefix was pressed
        self._partial = b""
        self._pasted = PastedText()
        self.detached = False

    @property
    def partial(self) -> bytes:
        """The beginning of a sequence that waits for its rest; ``flush_partial`` lets it go when none
        comes."""
        return self._partial

    def feed(self, data: bytes) -> bytes:
        """What of ``data`` (and of what was held) goes to the session now. Once ``detached`` is set:
        nothing."""
        if self._keys is None:
            return data
        if self.detached:
            return b""
        data = self._partial + data
        self._partial = b""
        if not self._held and not self._pasted.is_open and not self._is_of_interest(data):
            return data
        return b"".join(self._sift(data))

    def flush_partial(self) -> bytes:
        """Give up waiting: what began like a sequence was a key of its own (a lone Escape)."""
        partial, self._partial = self._partial, b""
        if not partial or self.detached:
            return b""
        return self._take_held() + partial

    def _is_of_interest(self, data: bytes) -> bool:
        assert self._keys is not None
        prefix = self._keys.prefix.control_byte
        return ESC in data or (prefix is not None and prefix in data)

    def _sift(self, data: bytes) -> list[bytes]:
        forward: list[bytes] = []
        position = 0
        while position < len(data) and not self.detached:
            if self._pasted.is_open:
                end = self._pasted.take(data, position)
                forward.append(data[position:end])
                position = end
                continue
            token_end = next_token(data, position)
            if token_end is None and len(data) - position <= MAX_PARTIAL_BYTES:
                self._partial = data[position:]
                break
            end = len(data) if token_end is None else token_end
            token = data[position:end]
            forward.append(self._take_token(token))
            if token == PASTE_START:
                self._pasted.begin()
            position = end
        return forward

    def _take_token(self, token: bytes) -> bytes:
        assert self._keys is not None
        press = decode_key(token)
        is_prefix = press is not None and press.is_key(self._keys.prefix)
        if not self._held:
            if press is not None and is_prefix and not press.is_release:
                self._held.append((token, True))
                return b""
            return token
        if comes_by_itself(token):
            return token
        if press is not None and (press.is_release or press.is_modifier):
            self._held.append((token, is_prefix))
            return b""
        if press is not None and is_prefix:
            others = b"".join(held for held, was_prefix in self._held if not was_prefix)
            self._held.clear()
            return others + token
        if press is not None and self._is_command(press):
            self.detached = True
            self._held.clear()
            return b""
        return self._take_held() + token

    def _is_command(self, press: KeyPress) -> bool:
        """The command counts with Ctrl still held too: fingers are slow, and Ctrl-D after the prefix would be
        worse."""
        assert self._keys is not None
        command = self._keys.command
        if press.is_key(command):
            return True
        return command.character.isalpha() and press.is_key(Key(command.character, ctrl=True))

    def _take_held(self) -> bytes:
        held = b"".join(token for token, _ in self._held)
        self._held.clear()
        return held
