"""HTTP of one connection: uvicorn's, with the doors shut that it leaves open."""

import logging

import h11
from uvicorn.protocols.http.h11_impl import H11Protocol

logging.getLogger("uvicorn.error").setLevel(logging.ERROR)
"""It warns of each malformed request: a stranger could fill the disk with that."""


class HttpProtocol(H11Protocol):
    """One connection until its end, or until it becomes a WebSocket."""

    def send_400_response(self, msg: str) -> None:
        """What is malformed may come while a request before it is still being answered, or was: there is no place for
        an answer of its own then, nor with a body where the request was HEAD."""
        if self.cycle is not None and not self.cycle.response_complete:
            self.cycle.disconnected = True
            self.cycle.message_event.set()
        try:
            super().send_400_response(msg)
        except h11.LocalProtocolError:
            self.transport.close()
