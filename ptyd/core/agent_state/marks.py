"""What a shell's prompt marks mean (OSC 133, and 633 as VS Code has it)."""

from urllib.parse import unquote

from ptyd.core.agent_state.observation import Facts, Observation

MAX_COMMAND_CHARS = 200


def observe_mark(mark: str, at: float) -> Observation | None:
    """``mark``: behind ``133;``: ``A`` a prompt begins, ``B`` it ends, ``C`` a command runs, ``D;STATUS`` it has ended.
    None: it says nothing."""
    letter, *words = mark.split(";")
    match letter:
        case "A" | "B":
            return _seen(at, "the shell's prompt is there", state="idle")
        case "C":
            return _seen(at, "the shell runs a command", state="working", facts=Facts(prompt=_read_command(words)))
        case "D":
            status = _read_status(words)
            return _seen(at, "the shell's command has ended", facts=Facts(command_status=status))
        case "E" if words:
            return _seen(at, "the shell names its command", facts=Facts(prompt=_shorten(words[0])))
        case _:
            return None


def _seen(at: float, text: str, **claim: object) -> Observation:
    return Observation(source="mark", at=at, text=text, **claim)  # type: ignore[arg-type]


def _read_command(words: list[str]) -> str | None:
    for word in words:
        name, _, value = word.partition("=")
        if name == "cmdline_url":
            return _shorten(unquote(value))
        if name == "cmdline":
            return _shorten(value)
    return None


def _read_status(words: list[str]) -> int | None:
    try:
        return int(words[0])
    except (IndexError, ValueError):
        return None


def _shorten(text: str) -> str:
    line = text.strip().partition("\n")[0]
    return line if len(line) <= MAX_COMMAND_CHARS else line[: MAX_COMMAND_CHARS - 1] + "…"
