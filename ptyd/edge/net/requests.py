"""How the edge hands a request on: the service above it is given to it as a function."""

from collections.abc import Awaitable, Callable
from typing import Protocol

from ptyd_protocol.messages import Attach, Event, Failure, Reply, Request

from ptyd.core.access.principal import Principal
from ptyd.core.viewing.attachment import Attachment, Outlet


class Caller(Protocol):
    """Whoever made a request."""

    principal: Principal
    takes_events: bool
    """Whether there is a connection that events could go to."""

    def tell_event(self, event: Event) -> None:
        """Send an event to this caller."""


Answer = Callable[[Caller, Request], Awaitable[Reply | Failure]]


class Attacher(Protocol):
    """Attaches clients to sessions (PtyManager)."""

    def attach(self, request: Attach, client: str, client_id: str, outlet: Outlet, principal: Principal) -> Attachment:
        """Raises Refusal."""

    def leave(self, attachment: Attachment, may_return: bool) -> None: ...

    def acknowledge(self, attachment: Attachment, offset: int) -> None: ...
