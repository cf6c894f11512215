"""Requests about conversations: who may know what, and what each request does.

A transcript is the account's own: whoever is no admin knows of those that sessions have which it sees, and of no other.
"""

import os
from collections.abc import Awaitable, Callable
from datetime import date
from typing import Any

from msgspec.structs import replace
from ptyd_protocol import conversations as c
from ptyd_protocol.environment import inherited_environment
from ptyd_protocol.errors import ErrorCode, Refusal
from ptyd_protocol.methods import NoParams
from ptyd_protocol.sessions import CreateParams, SessionInfo

from ptyd.agents.claude_arguments import PROGRAM, arguments_to_resume
from ptyd.agents.claude_conversation import config_dir_of
from ptyd.conversations.kept_store import KeptRecord
from ptyd.conversations.known import Known
from ptyd.conversations.library import Library
from ptyd.core.access.principal import Principal
from ptyd.core.session import Session
from ptyd.edge.net.requests import Caller
from ptyd.keeping import Keeping
from ptyd.manager import PtyManager

Handler = Callable[[Caller, Any], Awaitable[Any]]


class ConversationsService:
    def __init__(self, manager: PtyManager, library: Library, keeping: Keeping) -> None:
        self._manager = manager
        self._library = library
        self._keeping = keeping

    def for_everybody(self) -> dict[str, Handler]:
        """Each minds who asks."""
        return {
            "conversations": self._list,
            "conversation_search": self._search,
            "conversation_export": self._export,
            "cost": self._cost,
            "kept": self._kept,
            "forget_kept": self._forget_kept,
        }

    def for_creators(self) -> dict[str, Handler]:
        return {"resume": self._resume}

    def on_controlled_session(self) -> dict[str, Callable[[Caller, Session, Any], Awaitable[Any]]]:
        return {"keep": self._keep}

    # --- who may know what ---

    def _seen_sessions(self, principal: Principal) -> list[Session]:
        return [one for one in self._manager.registry if one.conversation is not None and principal.sees(one)]

    def _seen(self, principal: Principal) -> set[str] | None:
        """The ids of the conversations that it may know of; None: all."""
        if principal.may("admin"):
            return None
        return {
            conversation
            for session in self._seen_sessions(principal)
            if session.conversation is not None
            for conversation in session.conversation.ids
        }

    def _offered_to(self, principal: Principal) -> list[KeptRecord]:
        """An admin, and whoever had the session."""
        return [
            record
            for record in self._keeping.offered
            if principal.may("admin") or (principal.may("create") and record.owner == principal.name)
        ]

    def _find_offered(self, principal: Principal, name: str) -> KeptRecord | None:
        """The latest one of this name."""
        named = [record for record in self._offered_to(principal) if record.name == name]
        return named[-1] if named else None

    def _running(self, principal: Principal) -> dict[str, str]:
        """The ids of the sessions that it sees and that run, by their conversations'."""
        return {
            one.conversation.id: one.id
            for one in self._seen_sessions(principal)
            if one.conversation is not None and not one.has_ended
        }

    def _find_session(self, principal: Principal, name: str) -> Session | None:
        """The session of this very name or id, those that run first."""
        named = [one for one in self._seen_sessions(principal) if name in (one.name, one.id)]
        return min(named, key=lambda one: (one.has_ended, -one.created_at), default=None)

    async def _find(self, principal: Principal, ref: str) -> Known:
        """Raises Refusal."""
        session = self._find_session(principal, ref)
        if session is not None and session.conversation is not None and session.conversation.id:
            ref = session.conversation.id
        return await self._library.find(ref, self._seen(principal))

    # --- reading ---

    async def _list(self, caller: Caller, params: c.ConversationsParams) -> c.ConversationsResult:
        return await self._library.list_latest(params, self._seen(caller.principal), self._running(caller.principal))

    async def _search(self, caller: Caller, params: c.ConversationSearchParams) -> c.ConversationSearchResult:
        return await self._library.search(params, self._seen(caller.principal), self._running(caller.principal))

    async def _export(self, caller: Caller, params: c.ConversationExportParams) -> c.ConversationExportResult:
        known = await self._find(caller.principal, params.conversation)
        return await self._library.export(params, known)

    async def _cost(self, caller: Caller, params: c.CostParams) -> c.CostResult:
        _check_day(params.since)
        sessions = {
            conversation: (session.id, session.name)
            for session in sorted(self._seen_sessions(caller.principal), key=lambda one: one.created_at)
            if session.conversation is not None
            for conversation in session.conversation.ids
        }
        return await self._library.cost(params, self._seen(caller.principal), sessions)

    # --- sessions that come back ---

    async def _kept(self, caller: Caller, params: NoParams) -> list[c.KeptSession]:
        return [record.info() for record in self._offered_to(caller.principal)]

    async def _forget_kept(self, caller: Caller, params: c.ForgetKeptParams) -> None:
        record = self._find_offered(caller.principal, params.name)
        if record is None:
            raise Refusal(ErrorCode.NO_SUCH_SESSION, f"no session {params.name!r} is offered again")
        self._keeping.forget(record)

    async def _keep(self, caller: Caller, session: Session, params: c.KeepParams) -> SessionInfo:
        self._keeping.set_policy(session, params.keep, params.restart_on_failure)
        return session.info()

    async def _resume(self, caller: Caller, params: c.ResumeParams) -> SessionInfo:
        principal = caller.principal
        offered = self._find_offered(principal, params.conversation)
        if offered is not None:
            session = await self._keeping.start_again(offered, _wishes(params), fork=params.fork)
            return session.info()
        known = await self._find(principal, params.conversation)
        running = self._running(principal).get(known.info.id)
        if running is not None and not params.fork:
            name = self._manager.registry.resolve(running).name
            raise Refusal(
                ErrorCode.BAD_REQUEST,
                f"session {name} has this conversation: `ptyd attach {name}`, or `ptyd fork` a copy of it",
            )
        session = await self._manager.create(
            _params_to_resume(params, known), principal.name, is_capped=not principal.may("admin")
        )
        return session.info()


def _check_day(day: str) -> None:
    """Raises Refusal."""
    try:
        if day and date.fromisoformat(day).isoformat() != day:
            raise ValueError
    except ValueError:
        raise Refusal(ErrorCode.BAD_REQUEST, f"since: {day!r} is no day; say it as 2026-11-29") from None


def _wishes(params: c.ResumeParams) -> CreateParams:
    return CreateParams(
        argv=[params.program] if params.program else [],
        env=params.env,
        cols=params.cols,
        rows=params.rows,
        name=params.name,
        kind=PROGRAM,
        keep=params.keep,
        restart_on_failure=params.restart_on_failure,
    )


def _params_to_resume(params: c.ResumeParams, known: Known) -> CreateParams:
    argv = arguments_to_resume([params.program or PROGRAM], known.info.id, fork=params.fork)
    env = dict(params.env)
    if config_dir_of({**inherited_environment(os.environ, PROGRAM), **env}) != known.config_dir:
        env["CLAUDE_CONFIG_DIR"] = str(known.config_dir)
    return replace(_wishes(params), argv=argv, cwd=known.info.cwd, env=env)
