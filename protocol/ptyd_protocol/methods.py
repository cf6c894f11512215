"""The requests: for each method the structure of its parameters and of its result.

Both are MessagePack maps; unknown keys are ignored, missing ones take their defaults. A parameter of the wrong type
is a Failure with code "bad_request", never the end of the connection.
"""

from typing import Any

from msgspec import Struct

from ptyd_protocol.access import (
    AuditReadParams,
    AuditReadResult,
    ShareParams,
    ShareResult,
    TicketResult,
    TokenCreated,
    TokenCreateParams,
    TokenInfo,
    TokenResult,
    TokenRevokeParams,
)
from ptyd_protocol.activity import EventsParams, EventsResult, ExplainResult, SubscribeParams, WaitStateParams
from ptyd_protocol.approvals import AnswerApprovalParams, Approval, ApprovalsParams
from ptyd_protocol.capture import CaptureParams, CaptureResult
from ptyd_protocol.conversations import (
    ConversationExportParams,
    ConversationExportResult,
    ConversationSearchParams,
    ConversationSearchResult,
    ConversationsParams,
    ConversationsResult,
    CostParams,
    CostResult,
    ForgetKeptParams,
    KeepParams,
    KeptSession,
    ResumeParams,
)
from ptyd_protocol.daemon import ListenParams, ListenResult, ShutdownParams, ShutdownResult, StatusResult
from ptyd_protocol.files import FileGetParams, FileGetResult, FilePutParams, FilePutResult, PasteParams
from ptyd_protocol.miniatures import Miniature, MiniaturesParams
from ptyd_protocol.notify import NotifyTestResult
from ptyd_protocol.prompts import (
    Prompt,
    PromptAddParams,
    PromptDropParams,
    PromptEditParams,
    PromptListParams,
    PromptWaitParams,
)
from ptyd_protocol.runs import RunInfo, RunParams, RunRefParams, RunWaitParams
from ptyd_protocol.sessions import (
    CreateParams,
    ExportParams,
    ExportResult,
    KillParams,
    LockParams,
    MarkParams,
    ReadLogParams,
    ReadLogResult,
    RenameParams,
    ResizeParams,
    SendParams,
    SessionInfo,
    SessionParams,
    SignalParams,
    SubscribeResult,
    WaitParams,
)


class NoParams(Struct, frozen=True, kw_only=True):
    pass


class Method(Struct, frozen=True):
    """One row of the table of requests."""

    params: type[Struct]
    result: Any


METHODS: dict[str, Method] = {
    "create": Method(CreateParams, SessionInfo),
    "list": Method(NoParams, list[SessionInfo]),
    "get": Method(SessionParams, SessionInfo),
    "rename": Method(RenameParams, SessionInfo),
    "resize": Method(ResizeParams, SessionInfo),
    "signal": Method(SignalParams, SessionInfo),
    "kill": Method(KillParams, SessionInfo),
    "detach": Method(SessionParams, SessionInfo),
    "send": Method(SendParams, SessionInfo),
    "capture": Method(CaptureParams, CaptureResult),
    "lock": Method(LockParams, SessionInfo),
    "read_log": Method(ReadLogParams, ReadLogResult),
    "wait": Method(WaitParams, SessionInfo),
    "subscribe": Method(SubscribeParams, SubscribeResult),
    "unsubscribe": Method(NoParams, None),
    "status": Method(NoParams, StatusResult),
    "listen": Method(ListenParams, ListenResult),
    "login_ticket": Method(NoParams, TicketResult),
    "access_token": Method(NoParams, TokenResult),
    "restart": Method(NoParams, None),
    "shutdown": Method(ShutdownParams, ShutdownResult),
    "mark": Method(MarkParams, SessionInfo),
    "export": Method(ExportParams, ExportResult),
    "token_create": Method(TokenCreateParams, TokenCreated),
    "token_list": Method(NoParams, list[TokenInfo]),
    "token_revoke": Method(TokenRevokeParams, list[TokenInfo]),
    "share": Method(ShareParams, ShareResult),
    "audit_read": Method(AuditReadParams, AuditReadResult),
    "explain": Method(SessionParams, ExplainResult),
    "wait_state": Method(WaitStateParams, SessionInfo),
    "events": Method(EventsParams, EventsResult),
    "file_put": Method(FilePutParams, FilePutResult),
    "file_get": Method(FileGetParams, FileGetResult),
    "paste": Method(PasteParams, SessionInfo),
    "run": Method(RunParams, RunInfo),
    "run_list": Method(NoParams, list[RunInfo]),
    "run_wait": Method(RunWaitParams, RunInfo),
    "run_stop": Method(RunRefParams, RunInfo),
    "conversations": Method(ConversationsParams, ConversationsResult),
    "conversation_search": Method(ConversationSearchParams, ConversationSearchResult),
    "conversation_export": Method(ConversationExportParams, ConversationExportResult),
    "cost": Method(CostParams, CostResult),
    "resume": Method(ResumeParams, SessionInfo),
    "keep": Method(KeepParams, SessionInfo),
    "kept": Method(NoParams, list[KeptSession]),
    "forget_kept": Method(ForgetKeptParams, None),
    "miniatures": Method(MiniaturesParams, list[Miniature]),
    "notify_test": Method(NoParams, NotifyTestResult),
    "approvals": Method(ApprovalsParams, list[Approval]),
    "answer_approval": Method(AnswerApprovalParams, Approval),
    "prompt_add": Method(PromptAddParams, Prompt),
    "prompt_list": Method(PromptListParams, list[Prompt]),
    "prompt_edit": Method(PromptEditParams, Prompt),
    "prompt_drop": Method(PromptDropParams, Prompt),
    "prompt_wait": Method(PromptWaitParams, Prompt),
}

ASKING_METHODS = frozenset(
    {
        *("list", "get", "status", "read_log", "capture", "wait", "export", "token_list", "audit_read"),
        *("explain", "wait_state", "events"),
        *("file_get",),
        *("run_list", "run_wait"),
        *("conversations", "conversation_search", "conversation_export", "cost", "kept"),
        *("miniatures",),
        *("approvals",),
        *("prompt_list", "prompt_wait"),
    }
)
"""They change nothing: a client may repeat them after a reconnect, and the daemon drops them when their client goes."""
