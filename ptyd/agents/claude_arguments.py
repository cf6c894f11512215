"""The command line of Claude Code, as far as it says which conversation is meant. Options as of version 2.1.329."""

import uuid
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import PurePath

PROGRAM = "claude"

_TAKE_ONE = frozenset(
    {
        *("--agent", "--agents", "--append-system-prompt", "--append-system-prompt-file", "--autocompact"),
        *("--debug-file", "--effort", "--environment", "--fallback-model", "--input-format", "--json-schema"),
        *("--max-budget-usd", "--max-turns", "--model", "-n", "--name", "--output-format", "--permission-mode"),
        *("--permission-prompts", "--permission-prompt-tool", "--plugin-dir", "--plugin-url"),
        *("--remote-control-session-name-prefix", "--session-id", "--setting-sources", "--settings"),
        *("--system-prompt", "--system-prompt-file", "--system-prompt-snapshot"),
    }
)
_TAKE_MANY = frozenset(
    {
        *("--add-dir", "--allowedTools", "--allowed-tools", "--betas", "--disallowedTools", "--disallowed-tools"),
        *("--file", "--mcp-config", "--tools"),
    }
)
_MAY_TAKE_ONE = frozenset(
    {
        *("--cloud", "-d", "--debug", "--from-pr", "--prompt-suggestions", "--remote-control", "-r", "--resume"),
        *("--teleport", "-w", "--worktree"),
    }
)
_CHOOSE = frozenset({"-r", "--resume", "-c", "--continue", "--from-pr", "--teleport", "--cloud"})
"""They say which conversation it is to be, and go without --session-id."""

_NOT_AGAIN = _CHOOSE | {
    "--fork-session",
    "--session-id",
    "-w",
    "--worktree",
    "--tmux",
    "--file",
    "--bg",
    "--background",
}
"""They were for the beginning."""

_NO_CONVERSATION = frozenset(
    {
        *("agents", "attach", "auth", "auto-mode", "doctor", "gateway", "import", "install", "logs", "mcp", "plugin"),
        *("plugins", "purge", "respawn", "rm", "setup-token", "stop", "kill", "ultrareview", "update", "upgrade"),
    }
)
"""Commands; anything else that stands alone is a prompt."""

_ASK_AND_END = frozenset({"-h", "--help", "-v", "--version"})


@dataclass(frozen=True, slots=True)
class ClaudeArguments:
    """A command line, taken apart. ``options``: each with its values, in order. ``words``: what stands alone."""

    program: str
    options: list[tuple[str, ...]] = field(default_factory=list)
    words: list[str] = field(default_factory=list)

    @property
    def names(self) -> set[str]:
        return {option[0].partition("=")[0] for option in self.options}

    @property
    def has_conversation(self) -> bool:
        """Whether it talks at all, and to be heard again: a command, or a question after a version, does not."""
        is_command = bool(self.words) and self.words[0] in _NO_CONVERSATION
        return not is_command and not self.names & (_ASK_AND_END | {"--no-session-persistence"})

    @property
    def session_id(self) -> str:
        """The id of the conversation, where the command line says it; else empty."""
        if "--fork-session" not in self.names:
            resumed = self._value("--resume") or self._value("-r")
            if is_conversation_id(resumed):
                return resumed
        said = self._value("--session-id")
        return said if is_conversation_id(said) else ""

    def _value(self, name: str) -> str:
        for option in self.options:
            if option[0] == name and len(option) > 1:
                return option[1]
            if option[0].startswith(f"{name}="):
                return option[0].partition("=")[2]
        return ""


def parse_arguments(argv: Sequence[str]) -> ClaudeArguments:
    """``argv`` begins with the program."""
    parsed = ClaudeArguments(argv[0])
    rest = list(argv[1:])
    while rest:
        word = rest.pop(0)
        if word == "--":
            parsed.words.extend(rest)
            break
        if not word.startswith("-") or word == "-":
            parsed.words.append(word)
            continue
        values: list[str] = []
        has_value = bool(rest) and not rest[0].startswith("-")
        if (word in _TAKE_ONE and rest) or (word in _MAY_TAKE_ONE and has_value):
            values.append(rest.pop(0))
        while word in _TAKE_MANY and rest and not rest[0].startswith("-"):
            values.append(rest.pop(0))
        parsed.options.append((word, *values))
    return parsed


def with_session_id(argv: Sequence[str]) -> list[str]:
    """``argv`` with a conversation's id of our choice, where the user has not chosen one or an old conversation: the
    CLI refuses it together with those. A program that is not called ``claude`` is left alone."""
    parsed = parse_arguments(argv)
    is_chosen = bool(parsed.names & (_CHOOSE | {"--session-id"}))
    if PurePath(argv[0]).name != PROGRAM or is_chosen or not parsed.has_conversation:
        return list(argv)
    return [argv[0], "--session-id", str(uuid.uuid4()), *argv[1:]]


def arguments_to_resume(argv: Sequence[str], conversation: str, *, fork: bool = False) -> list[str]:
    """The command that goes on with ``conversation`` as ``argv`` began: with its options and without its prompt. A fork
    is given an id of its own."""
    parsed = parse_arguments(argv)
    options = [word for option in parsed.options if option[0].partition("=")[0] not in _NOT_AGAIN for word in option]
    how = ["--resume", conversation]
    if fork:
        how += ["--fork-session", "--session-id", str(uuid.uuid4())]
    return [parsed.program, *how, *options]


def arguments_to_begin(argv: Sequence[str], conversation: str) -> list[str]:
    """As ``arguments_to_resume``, of a conversation in which nothing was said yet: of that the CLI knows nothing."""
    resumed = arguments_to_resume(argv, conversation)
    return [resumed[0], "--session-id", conversation, *resumed[3:]]


def is_conversation_id(text: str) -> bool:
    try:
        return str(uuid.UUID(text)) == text.lower()
    except ValueError:
        return False
