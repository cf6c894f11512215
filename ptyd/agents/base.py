"""What is known of one kind of program. The daemon treats every kind alike; an agent only fills in what it knows."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Protocol

from msgspec import Struct
from ptyd_protocol.approvals import ApprovalDecision, ApprovalKind
from ptyd_protocol.capture import CellGrid
from ptyd_protocol.prompts import PromptOutcome
from ptyd_protocol.session_limits import SessionLimits

from ptyd.core.agent_state import Observation
from ptyd.core.screen.output_signals import OutputSignal


class Observer(Protocol):
    """Reads what is seen of one session's program. Whatever comes, nothing is raised; None: it says nothing.

    ``at``: Unix seconds.
    """

    is_known: bool
    """It tells more of itself than its output."""

    reports: bool
    """It keeps a registry file or calls hooks."""

    looks_at_screen: bool
    """It has something to find in the screen's text."""

    deciding_hooks: frozenset[str]
    """The events whose hooks wait for an answer."""

    def observe_signal(self, signal: OutputSignal, at: float) -> Observation | None:
        """What it wrote to its terminal."""

    def observe_registry(self, content: bytes | None, at: float) -> Observation | None:
        """What the file that it keeps of itself holds; None: there is none any more."""

    def observe_hook(self, event: str, content: bytes, at: float) -> Observation | None:
        """What its hook for ``event`` was told."""

    def observe_screen(self, text: str, at: float) -> Observation | None:
        """What stands on its screen."""

    def read_transcript(self, path: Path, at: float) -> Observation | None:
        """What the end of its transcript tells. Blocks on the disk."""


class AskedFor(Struct, frozen=True, kw_only=True):
    """What a program asks permission for, or its question."""

    kind: ApprovalKind
    tool: str
    input: dict[str, Any]
    subject: str
    """What the tool is to work on: a command, a path, an address; whole."""
    cwd: str
    transcript: str
    suggestions: tuple[Any, ...]
    """As the program gave them; in ``suggestion_words`` for a person."""
    suggestion_words: tuple[str, ...]
    questions: tuple[str, ...] = ()
    """The texts of what is asked, which the answers go by."""


class Answer(Struct, frozen=True, kw_only=True):
    """As AnswerApprovalParams of the wire."""

    decision: ApprovalDecision
    message: str = ""
    interrupt: bool = False
    always: int | None = None
    answers: dict[str, str] = {}


class Approver(Protocol):
    """Reads and answers the hooks of a program that decide something."""

    def read_request(self, content: bytes) -> AskedFor | None:
        """What such a hook was told; None: it asks for nothing that is known."""

    def build_answer(self, asked: AskedFor, answer: Answer) -> bytes:
        """The hook's output."""

    def denial_words(self, message: str) -> str:
        """What the tool's result holds when ``message`` was the denial's."""

    def describe_edit(self, asked: AskedFor) -> tuple[str, list[tuple[str, str, bool]]] | None:
        """The path of the file that would change, and the edits: what is replaced (empty: all of it), by what, and
        whether everywhere. None: nothing of the kind."""

    def find_result(self, line: bytes, tool_use: str) -> tuple[bool, str] | None:
        """Of the transcript's ``line``: whether the result of that use is an error, and its text. None: no such."""

    def is_refusal(self, text: str) -> bool:
        """A result that is an error: the program's own dialog was answered with no."""


class Prompter(Protocol):
    """Gets prompts into a program, and sees what became of them."""

    submit: bytes
    """The key that submits what stands in the input line."""

    def find_fault(self, text: str) -> str:
        """Why the text cannot be a prompt, and what to do; empty: it can."""

    def prepare_text(self, text: str) -> str:
        """As it may be pasted: no key, no command, whatever it holds."""

    def find_draft(self, grid: CellGrid) -> str | None:
        """What somebody has typed into the input line that the screen shows; None: it shows none."""

    def is_submission(self, event: str, content: bytes, text: str) -> bool:
        """A hook tells that this text, as it was prepared, was taken as a prompt."""

    def read_tool(self, event: str, content: bytes) -> str | None:
        """The name of the tool whose use begins."""

    def read_end(self, event: str, content: bytes) -> tuple[PromptOutcome, str] | None:
        """How the turn ended, and the last message; None: it goes on."""


class Agent(Protocol):
    """Knowledge of one kind of program."""

    kind: str
    """The word of ``CreateParams.kind``."""

    limits: SessionLimits
    """What is sane for it, where neither its creator nor the configuration says otherwise."""

    usual_memory_bytes: int
    """What it takes soon after its start: so much has to be there before it is started."""

    has_hooks: bool
    """``prepare`` has it call hooks."""

    approver: Approver | None
    """Answers those of them that decide something; None: there are none."""

    prompter: Prompter | None
    """None: nobody knows when it is ready for a prompt."""

    def build_argv(self, argv: Sequence[str], environ: Mapping[str, str]) -> list[str]:
        """The command to run, from what was asked for and the environment that it will get."""

    def session_name(self, argv: Sequence[str]) -> str:
        """What to call a session that was given no name."""

    def prepare(self, argv: Sequence[str], cwd: str, folder: Path, hooks: Path) -> list[str]:
        """The command as it is executed, where the program is told what to report. ``folder``: the session's own, for
        what that takes; ``hooks``: where hooks leave what they are told.

        Raises:
            OSError: ``folder`` cannot be written to.
        """

    def registry_folder(self, environ: Mapping[str, str]) -> Path | None:
        """Where the program keeps a file of its own state, ``PID.json``; None: it does not."""

    def observe(self, argv: Sequence[str]) -> Observer:
        """What reads a session of such a program."""
