"""All sessions, found by id, by name, or by an unambiguous beginning of a name."""

import re
from collections.abc import Callable, Iterator

from ptyd_protocol import limits
from ptyd_protocol.errors import ErrorCode, Refusal

from ptyd.core.session import Session

_NAME = re.compile(rf"[A-Za-z0-9][A-Za-z0-9._-]{{0,{limits.MAX_NAME_CHARS - 1}}}")


class Registry:
    """Sessions by id, in order of creation. Names are unique among the running ones."""

    def __init__(self) -> None:
        self._sessions: dict[str, Session] = {}
        self.starting: set[str] = set()
        """Names given to sessions whose program is being started."""

    def __iter__(self) -> Iterator[Session]:
        return iter(list(self._sessions.values()))

    def __len__(self) -> int:
        return len(self._sessions)

    def __contains__(self, session_id: str) -> bool:
        return session_id in self._sessions

    def add(self, session: Session) -> None:
        self._sessions[session.id] = session

    def remove(self, session: Session) -> None:
        self._sessions.pop(session.id, None)

    def get(self, session_id: str) -> Session | None:
        return self._sessions.get(session_id)

    def running(self) -> list[Session]:
        return [session for session in self if not session.has_ended]

    def resolve(self, ref: str, sees: Callable[[Session], bool] = lambda session: True) -> Session:
        """The session that ``ref`` names: "" the latest, then ids, names, beginnings; running ones first. One that
        whoever asks does not see (``sees``) is answered as one that is not there.

        Raises:
            Refusal: none, or more than one.
        """
        by_id = self._sessions.get(ref)
        if by_id is not None and sees(by_id):
            return by_id  # at once: who reconnects names many so
        newest_first = sorted(filter(sees, self), key=lambda one: (one.has_ended, -one.created_at))
        if not ref:
            if not newest_first:
                raise Refusal(ErrorCode.NO_SUCH_SESSION, "there are no sessions; `ptyd new` makes one")
            return newest_first[0]
        for session in newest_first:
            if session.name == ref:
                return session
        found = [one for one in newest_first if one.name.startswith(ref) or one.id.startswith(ref)]
        running = [one for one in found if not one.has_ended]
        found = running or found
        if not found:
            raise Refusal(ErrorCode.NO_SUCH_SESSION, f"no session {ref!r}; `ptyd ls` shows those there are")
        if len(found) > 1:
            names = ", ".join(sorted(one.name for one in found))
            raise Refusal(ErrorCode.AMBIGUOUS_SESSION, f"{ref!r} could be any of {names}")
        return found[0]

    def check_name(self, name: str) -> None:
        """Whether a session may be called so.

        Raises:
            Refusal: not a name, or a running session has it.
        """
        if not _NAME.fullmatch(name):
            raise Refusal(
                ErrorCode.BAD_NAME,
                f"{name!r} is no name for a session: a letter or digit, then letters, digits, '.', '_' or '-',"
                f" {limits.MAX_NAME_CHARS} in all at most",
            )
        if self._is_taken(name):
            raise Refusal(ErrorCode.NAME_TAKEN, f"a session named {name!r} is running already")

    def free_name(self, wish: str) -> str:
        """A name that is not taken, made from a command's."""
        stem = re.sub(r"[^A-Za-z0-9._-]+", "-", wish).strip("._-")[:40] or "session"
        if not self._is_taken(stem):
            return stem
        number = 2
        while self._is_taken(f"{stem}-{number}"):
            number += 1
        return f"{stem}-{number}"

    def _is_taken(self, name: str) -> bool:
        return name in self.starting or any(one.name == name and not one.has_ended for one in self)
