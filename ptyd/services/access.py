"""The requests about who may what: logins, tokens, shares, the audit."""

from collections.abc import Awaitable, Callable
from typing import Any

from ptyd_protocol.access import (
    AuditReadParams,
    AuditReadResult,
    Right,
    ShareParams,
    ShareResult,
    TicketResult,
    TokenCreated,
    TokenCreateParams,
    TokenInfo,
    TokenResult,
    TokenRevokeParams,
)
from ptyd_protocol.errors import ErrorCode, Refusal
from ptyd_protocol.methods import NoParams

from ptyd.core.access.principal import Principal
from ptyd.core.registry import Registry
from ptyd.edge.audit_log import AuditLog
from ptyd.edge.net.logins import TICKET_SECONDS, Logins
from ptyd.edge.net.requests import Caller


class AccessService:
    """``find_base_url``: where browsers find the daemon; None: nowhere. ``audit_log`` None: there is none."""

    def __init__(
        self,
        registry: Registry,
        logins: Logins,
        audit_log: AuditLog | None,
        find_base_url: Callable[[], str | None],
    ) -> None:
        self._registry = registry
        self._logins = logins
        self._audit_log = audit_log
        self._find_base_url = find_base_url

    def governing(self) -> dict[str, Callable[[Caller, Any], Awaitable[Any]]]:
        return {
            "access_token": self.access_token,
            "token_create": self.token_create,
            "token_list": self.token_list,
            "token_revoke": self.token_revoke,
            "share": self.share,
            "audit_read": self.read_audit,
        }

    def is_good(self, principal: Principal) -> bool:
        """Whether its credentials still are."""
        return self._logins.is_good(principal)

    # --- logins ---

    async def login_ticket(self, caller: Caller, params: NoParams) -> TicketResult:
        ticket = self._logins.make_ticket(caller.principal)
        return TicketResult(ticket=ticket, url=self._login_url(ticket), expires_seconds=TICKET_SECONDS)

    def _login_url(self, secret: str) -> str | None:
        """Where a browser logs in. The secret is in the fragment, which it sends to nobody: it stands in no log and in
        no Referer."""
        base = self._find_base_url()
        return f"{base}/login#{secret}" if base else None

    async def access_token(self, caller: Caller, params: NoParams) -> TokenResult:
        return TokenResult(token=self._logins.token)

    # --- tokens ---

    async def token_create(self, caller: Caller, params: TokenCreateParams) -> TokenCreated:
        session_id = self._id_of(caller, params.session)
        secret, grant = self._logins.grant(
            "token", params.rights, session_id, params.name, params.expires_seconds, params.uses
        )
        return TokenCreated(token=secret, info=grant.info())

    async def token_list(self, caller: Caller, params: NoParams) -> list[TokenInfo]:
        self._logins.end_expired()
        return [grant.info() for grant in self._logins.grants]

    async def token_revoke(self, caller: Caller, params: TokenRevokeParams) -> list[TokenInfo]:
        if bool(params.token) == (params.session is not None):
            raise Refusal(ErrorCode.BAD_REQUEST, "say either which token, or the shares of which session")
        session_id = self._id_of(caller, params.session)
        grants = (
            [self._logins.grants.resolve(params.token)]
            if params.token
            else [grant for grant in self._logins.grants if grant.kind == "share" and grant.session == session_id]
        )
        self._logins.revoke(grants, "this login was revoked")
        return [grant.info() for grant in grants]

    async def share(self, caller: Caller, params: ShareParams) -> ShareResult:
        session_id = self._id_of(caller, params.session)
        right: Right = "control" if params.control else "observe"
        secret, grant = self._logins.grant(
            "share", [right], session_id, expires_seconds=params.expires_seconds, uses=params.uses
        )
        return ShareResult(secret=secret, url=self._login_url(secret), info=grant.info())

    def _id_of(self, caller: Caller, ref: str | None) -> str:
        """The session's id; empty: none is meant."""
        return "" if ref is None else self._registry.resolve(ref, caller.principal.sees).id

    # --- the audit ---

    async def read_audit(self, caller: Caller, params: AuditReadParams) -> AuditReadResult:
        if self._audit_log is None:
            raise Refusal(ErrorCode.UNAVAILABLE, "there is no audit: audit_bytes is 0 in the daemon's configuration")
        try:
            piece = await self._audit_log.read(params.position, params.max_bytes)
        except OSError as error:
            raise Refusal(ErrorCode.UNAVAILABLE, f"the audit cannot be read: {error.strerror}") from error
        return AuditReadResult(data=piece.data, start=piece.start, position=piece.position)
