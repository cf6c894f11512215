"""Agents that are described by a file: what their titles, progress, notifications and screens mean.

A manifest is TOML, ``NAME.toml`` in ``manifests`` beside this module or in ``agents`` of the user's configuration
folder, where one of the same name replaces ours. docs/manifests.md has its fields.
"""

import logging
import re
from collections.abc import Iterable, Sequence
from pathlib import Path, PurePath
from typing import Annotated, Literal

import msgspec
from msgspec import Meta, Struct
from ptyd_protocol.activity import EvidenceSource, WaitsFor

from ptyd.core.agent_state import Facts, Observation
from ptyd.core.agent_state.marks import observe_mark
from ptyd.core.screen.output_signals import OutputSignal

logger = logging.getLogger("ptyd.manifests")

BUILT_IN = Path(__file__).parent / "manifests"
MAX_MANIFEST_BYTES = 64 * 1024
LAUNCHERS = frozenset({"node", "bun", "bunx", "deno", "npx", "python", "python3", "uvx", "pipx", "env", "nice"})
"""Of these the second word is the program."""


class ManifestError(Exception):
    """A manifest that is none, for a person."""


class Rule(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What ``pattern`` (a regular expression, searched for) found in a text means. The first that is found counts."""

    pattern: Annotated[str, Meta(min_length=1)]
    state: Literal["idle", "working", "waiting"]
    waits_for: WaitsFor | None = None
    detail: str = ""


class Progress(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The states of OSC 9;4: 0 none, 1 a percentage, 2 an error, 3 indeterminate, 4 paused."""

    working: list[int] = []
    idle: list[int] = []


class Manifest(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    programs: Annotated[list[str], Meta(min_length=1)]
    """Names of the program, without folder and suffix."""
    title: list[Rule] = []
    notification: list[Rule] = []
    screen: list[Rule] = []
    progress: Progress = Progress()

    def check(self) -> None:
        """Raises ManifestError: a pattern is none, or a rule makes no sense."""
        for rule in (*self.title, *self.notification, *self.screen):
            try:
                re.compile(rule.pattern)
            except re.error as error:
                raise ManifestError(f"the pattern {rule.pattern!r} is no regular expression: {error}") from None
            if (rule.state == "waiting") != (rule.waits_for is not None):
                raise ManifestError(f"the pattern {rule.pattern!r}: waits_for is for the state waiting, which needs it")


class ManifestObserver:
    """Reads one session of such a program (agents/base.py's Observer)."""

    is_known = True
    reports = False
    deciding_hooks: frozenset[str] = frozenset()

    def __init__(self, manifest: Manifest) -> None:
        self._manifest = manifest
        self.looks_at_screen = bool(manifest.screen)

    def observe_signal(self, signal: OutputSignal, at: float) -> Observation | None:
        match signal.kind:
            case "title":
                return _apply(self._manifest.title, "title", signal.text, at)
            case "notification":
                seen = _apply(self._manifest.notification, "notification", signal.text, at)
                return seen or Observation(source="notification", at=at, text=f"it notified: {signal.text!r}")
            case "progress":
                return self._observe_progress(signal.text, at)
            case "mark":
                return observe_mark(signal.text, at)
            case _:
                return None

    def _observe_progress(self, text: str, at: float) -> Observation | None:
        word = text.partition(";")[0]
        number = int(word) if word.isdecimal() else -1
        for state, numbers in (("working", self._manifest.progress.working), ("idle", self._manifest.progress.idle)):
            if number in numbers:
                return Observation(
                    source="progress",
                    at=at,
                    text=f"its progress is {number}",
                    state="working" if state == "working" else "idle",
                )
        return None

    def observe_screen(self, text: str, at: float) -> Observation | None:
        return _apply(self._manifest.screen, "screen", text, at)

    def observe_registry(self, content: bytes | None, at: float) -> Observation | None:
        return None

    def observe_hook(self, event: str, content: bytes, at: float) -> Observation | None:
        return None

    def read_transcript(self, path: Path, at: float) -> Observation | None:
        return None


def _apply(rules: Iterable[Rule], source: EvidenceSource, text: str, at: float) -> Observation | None:
    for rule in rules:
        found = re.search(rule.pattern, text, re.MULTILINE)
        if found is not None:
            return Observation(
                source=source,
                at=at,
                text=f"the {source} shows {rule.pattern!r}",
                state=rule.state,
                waits_for=rule.waits_for,
                detail=rule.detail,
                facts=Facts(),
            )
    return None


class Manifests:
    """All manifests, by the names of programs."""

    def __init__(self) -> None:
        self._by_program: dict[str, Manifest] = {}
        self.load()

    def load(self, users: Path | None = None) -> None:
        """Read ours, and then the user's. What cannot be used is told to the log, and left out."""
        self._by_program.clear()
        files: dict[str, Path] = {}
        for folder in (BUILT_IN, users):
            if folder is not None and folder.is_dir():
                files.update({path.name: path for path in sorted(folder.glob("*.toml"))})
        for path in files.values():
            try:
                manifest = read_manifest(path)
            except ManifestError as error:
                logger.error("%s is left out: %s", path, error)
                continue
            self._by_program.update(dict.fromkeys(manifest.programs, manifest))

    def find(self, argv: Sequence[str]) -> Manifest | None:
        """Of the program that a command starts."""
        words = [PurePath(word).stem for word in argv[:2]]
        if len(words) == 2 and words[0] in LAUNCHERS:
            return self._by_program.get(words[1])
        return self._by_program.get(words[0]) if words else None


def read_manifest(path: Path) -> Manifest:
    """Raises ManifestError."""
    try:
        with path.open("rb") as file:
            content = file.read(MAX_MANIFEST_BYTES + 1)
        if len(content) > MAX_MANIFEST_BYTES:
            raise ManifestError(f"it is larger than {MAX_MANIFEST_BYTES} bytes")
        manifest = msgspec.toml.decode(content, type=Manifest)
    except (OSError, msgspec.DecodeError, ValueError) as error:
        raise ManifestError(str(error)) from error
    manifest.check()
    return manifest
