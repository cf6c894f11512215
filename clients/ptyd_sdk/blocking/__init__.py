"""The SDK without async: the same names, each call returns when it is done.

    from ptyd_sdk.blocking import connect

    with connect() as ptyd:
        session = ptyd.create(["make"])
        with session.attach() as term:
            for chunk in term:
                ...

A thin face: an event loop in one background thread per connection does the work. The objects may be used from any
thread.
"""

from ptyd_sdk.attachment import AttachmentEvent, ConnectionState, ExitStatus, Screen
from ptyd_sdk.blocking.attachment import Attachment
from ptyd_sdk.blocking.connection import Connection, connect
from ptyd_sdk.blocking.run import Run
from ptyd_sdk.blocking.session import Session
from ptyd_sdk.session_events import SessionEvent

__all__ = [
    "Attachment",
    "AttachmentEvent",
    "Connection",
    "ConnectionState",
    "ExitStatus",
    "Run",
    "Screen",
    "Session",
    "SessionEvent",
    "connect",
]
