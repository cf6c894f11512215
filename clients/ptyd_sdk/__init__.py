"""The ptyd SDK: sessions of a ptyd daemon from Python.

    from ptyd_sdk import connect

    async with connect() as ptyd:
        session = await ptyd.create(["claude"], name="fix-42", cwd="/repo")
        async with session.attach() as term:
            await term.write(b"hello\\r")
            async for chunk in term:
                ...

``ptyd_sdk.blocking`` has the same names without async. Nothing is imported before it is used.
"""

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from ptyd_protocol.access import ShareResult, TokenCreated, TokenInfo
    from ptyd_protocol.activity import Activity, ExplainResult
    from ptyd_protocol.approvals import Approval
    from ptyd_protocol.capture import CaptureResult, CellGrid
    from ptyd_protocol.conversations import (
        ConversationInfo,
        ConversationSearchResult,
        ConversationsResult,
        CostResult,
        CostRow,
        KeptSession,
    )
    from ptyd_protocol.daemon import StatusResult
    from ptyd_protocol.prompts import Prompt
    from ptyd_protocol.run_events import (
        RunBegan,
        RunGap,
        RunMessage,
        RunOther,
        RunPartial,
        RunResult,
        TextBlock,
        ThinkingBlock,
        ToolResultBlock,
        ToolUseBlock,
    )
    from ptyd_protocol.runs import RunInfo, RunOutcome
    from ptyd_protocol.session_limits import SessionLimits
    from ptyd_protocol.sessions import ReadLogResult, SessionInfo

    from ptyd_sdk.attachment import Attachment, AttachmentEvent, ConnectionState, ExitStatus, Screen
    from ptyd_sdk.connection import Connection, connect
    from ptyd_sdk.errors import (
        AlreadyAnswered,
        AmbiguousApproval,
        AmbiguousSession,
        AttachmentEnded,
        BadName,
        BadRequest,
        BytesLost,
        CommandNotFound,
        ConnectionLost,
        DaemonUnreachable,
        InputOverflow,
        NameTaken,
        NoPtys,
        NoResources,
        NoSuchApproval,
        NoSuchConversation,
        NoSuchDirectory,
        NoSuchFile,
        NoSuchPrompt,
        NoSuchSession,
        NoSuchToken,
        NotAllowed,
        NotAuthenticated,
        NotTrusted,
        PermissionDenied,
        PtydError,
        RequestFailed,
        SessionExited,
        TimedOut,
        TooManyClients,
        TooManySessions,
        Unavailable,
    )
    from ptyd_sdk.run import Run
    from ptyd_sdk.session import Session
    from ptyd_sdk.session_events import SessionEvent, SessionEvents

__all__ = [
    "Activity",
    "AlreadyAnswered",
    "AmbiguousApproval",
    "AmbiguousSession",
    "Approval",
    "Attachment",
    "AttachmentEnded",
    "AttachmentEvent",
    "BadName",
    "BadRequest",
    "BytesLost",
    "CaptureResult",
    "CellGrid",
    "CommandNotFound",
    "Connection",
    "ConnectionLost",
    "ConnectionState",
    "ConversationInfo",
    "ConversationSearchResult",
    "ConversationsResult",
    "CostResult",
    "CostRow",
    "DaemonUnreachable",
    "ExitStatus",
    "ExplainResult",
    "InputOverflow",
    "KeptSession",
    "NameTaken",
    "NoPtys",
    "NoResources",
    "NoSuchApproval",
    "NoSuchConversation",
    "NoSuchDirectory",
    "NoSuchFile",
    "NoSuchPrompt",
    "NoSuchSession",
    "NoSuchToken",
    "NotAllowed",
    "NotAuthenticated",
    "NotTrusted",
    "PermissionDenied",
    "Prompt",
    "PtydError",
    "ReadLogResult",
    "RequestFailed",
    "Run",
    "RunBegan",
    "RunGap",
    "RunInfo",
    "RunMessage",
    "RunOther",
    "RunOutcome",
    "RunPartial",
    "RunResult",
    "Screen",
    "Session",
    "SessionEvent",
    "SessionEvents",
    "SessionExited",
    "SessionInfo",
    "SessionLimits",
    "ShareResult",
    "StatusResult",
    "TextBlock",
    "ThinkingBlock",
    "TimedOut",
    "TokenCreated",
    "TokenInfo",
    "TooManyClients",
    "TooManySessions",
    "ToolResultBlock",
    "ToolUseBlock",
    "Unavailable",
    "connect",
]

_HOMES = {
    "ptyd_sdk.attachment": ["Attachment", "AttachmentEvent", "ConnectionState", "ExitStatus", "Screen"],
    "ptyd_sdk.connection": ["Connection", "connect"],
    "ptyd_sdk.run": ["Run"],
    "ptyd_sdk.session": ["Session"],
    "ptyd_sdk.session_events": ["SessionEvent", "SessionEvents"],
    "ptyd_protocol.conversations": [
        "ConversationInfo",
        "ConversationSearchResult",
        "ConversationsResult",
        "CostResult",
        "CostRow",
        "KeptSession",
    ],
    "ptyd_protocol.activity": ["Activity", "ExplainResult"],
    "ptyd_protocol.approvals": ["Approval"],
    "ptyd_protocol.prompts": ["Prompt"],
    "ptyd_protocol.access": ["ShareResult", "TokenCreated", "TokenInfo"],
    "ptyd_protocol.capture": ["CaptureResult", "CellGrid"],
    "ptyd_protocol.daemon": ["StatusResult"],
    "ptyd_protocol.session_limits": ["SessionLimits"],
    "ptyd_protocol.sessions": ["ReadLogResult", "SessionInfo"],
    "ptyd_protocol.runs": ["RunInfo", "RunOutcome"],
    "ptyd_protocol.run_events": [
        "RunBegan",
        "RunGap",
        "RunMessage",
        "RunOther",
        "RunPartial",
        "RunResult",
        "TextBlock",
        "ThinkingBlock",
        "ToolResultBlock",
        "ToolUseBlock",
    ],
}
_HOME_OF = {name: home for home, names in _HOMES.items() for name in names}


def __getattr__(name: str) -> Any:
    """Import what is asked for, from where it lives; every other public name is an error's."""
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = getattr(importlib.import_module(_HOME_OF.get(name, "ptyd_sdk.errors")), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return __all__
