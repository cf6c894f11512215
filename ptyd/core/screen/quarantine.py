"""Which session's engine has killed the daemon, and is not to do it again.

An engine is a library in C. What makes it crash takes the whole daemon along, and would again as soon as the next one
feeds it the same output. So each log says in its header while an engine is at work on it. After a crash the session
whose engine was at work is *quarantined*: it goes on without an engine, as where there is no library.

Two can be at work at once, one in the engine thread and one at the loop. Then both are suspected, and the one that is
found at work at the next crash as well is guilty. A SIGKILL says nothing about anybody's engine.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from signal import Signals
from typing import Final
from zlib import crc32

CRASH_SIGNALS: Final = frozenset({Signals.SIGSEGV, Signals.SIGABRT, Signals.SIGBUS, Signals.SIGILL, Signals.SIGFPE})
"""How code in C dies of itself. The keeper ends a daemon that hangs by SIGABRT, and so does the daemon itself where an
engine does not come back."""

SUSPICIONS_TO_CONVICT: Final = 2


@dataclass(frozen=True, slots=True)
class EngineMarks:
    """What a log's header says about its engine."""

    at_work: bool = False
    suspicions: int = 0
    quarantined: int = 0
    """From which engine, by ``number_engine``; 0: from none."""


def number_engine(name: str) -> int:
    """A number for an engine's name and version: another version gets another chance."""
    return crc32(name.encode()) | 1


def judge(marks: Mapping[str, EngineMarks], engine: int, death_signal: int | None) -> dict[str, EngineMarks]:
    """The marks of all sessions as they are to be from now on.

    Args:
        engine: the number of the engine that they are to have.
        death_signal: which ended the daemon before; None: none, or it was told to end.
    """
    has_crashed = death_signal in CRASH_SIGNALS
    at_work = {session_id for session_id, mark in marks.items() if mark.at_work and has_crashed}
    judged = {}
    for session_id, mark in marks.items():
        suspicions = mark.suspicions + 1 if session_id in at_work else 0 if has_crashed else mark.suspicions
        is_guilty = session_id in at_work and (len(at_work) == 1 or suspicions >= SUSPICIONS_TO_CONVICT)
        is_kept_from = mark.quarantined == engine or is_guilty
        judged[session_id] = EngineMarks(False, suspicions, engine if is_kept_from else 0)
    return judged
