"""What the audit says of a request that was carried out: one row for each method that does something, or shows what a
session has shown; a new name is noted where the old one is still known. Never what is typed, nor an argument, a label
or a secret."""

from collections.abc import Callable
from typing import Any, NamedTuple

from ptyd_protocol import conversations as c
from ptyd_protocol.access import ShareResult, TokenCreated
from ptyd_protocol.sessions import CreateParams, SessionInfo

from ptyd.core.access.audit import Fact

Facts = dict[str, Fact]


class AuditedMethod(NamedTuple):
    event: str
    facts: Callable[[Any, Any], Facts]
    """Of parameters and result."""


def _nothing(params: Any, result: Any) -> Facts:
    return {}


def _facts_of_create(params: CreateParams, result: SessionInfo) -> Facts:
    return {
        "kind": result.kind,
        "program": result.argv[0] if result.argv else "",
        "arguments": max(0, len(result.argv) - 1),
        "pid": result.pid,
        "recorded": bool(params.record),
        "records_input": params.record_input,
    }


def _facts_of_grant(params: Any, result: TokenCreated | ShareResult) -> Facts:
    info = result.info
    return {"token": info.name, "rights": " ".join(sorted(info.rights)), "expires_at": info.expires_at}


def _facts_of_resume(params: c.ResumeParams, result: SessionInfo) -> Facts:
    return _facts_of_keep(params, result) | {"was": params.conversation, "fork": params.fork, "pid": result.pid}


def _facts_of_keep(params: Any, result: SessionInfo) -> Facts:
    now = result.conversation
    return {} if now is None else {"keep": now.keep, "restart_on_failure": now.restart_on_failure}


AUDITED: dict[str, AuditedMethod] = {
    "create": AuditedMethod("created", _facts_of_create),
    "resize": AuditedMethod("resized", lambda params, result: {"cols": params.cols, "rows": params.rows, "times": 1}),
    "signal": AuditedMethod("signalled", lambda params, result: {"signal": params.signal}),
    "kill": AuditedMethod("killed", lambda params, result: {"grace_seconds": params.grace_seconds}),
    "detach": AuditedMethod("all_detached", _nothing),
    "send": AuditedMethod("typed", lambda params, result: {"messages": 1, "bytes": len(params.data), "channel": None}),
    "prompt_add": AuditedMethod(
        "prompt_added", lambda params, result: {"prompt": result.id, "chars": len(params.text)}
    ),
    "prompt_edit": AuditedMethod(
        "prompt_edited", lambda params, result: {"prompt": result.id, "chars": len(params.text)}
    ),
    "prompt_drop": AuditedMethod("prompt_dropped", lambda params, result: {"prompt": result.id}),
    "lock": AuditedMethod("locked", lambda params, result: {"locked": params.locked}),
    "mark": AuditedMethod("marked", _nothing),
    "capture": AuditedMethod("read", lambda params, result: {"by": "capture"}),
    "read_log": AuditedMethod("read", lambda params, result: {"by": "read_log", "bytes": len(result.data)}),
    "export": AuditedMethod("read", lambda params, result: {"by": "export", "bytes": len(result.data)}),
    "listen": AuditedMethod("listening", lambda params, result: {"host": result.host, "port": result.port}),
    "login_ticket": AuditedMethod("ticket_made", _nothing),
    "token_create": AuditedMethod("token_made", _facts_of_grant),
    "token_revoke": AuditedMethod(
        "token_revoked", lambda params, result: {"tokens": " ".join(one.name for one in result)}
    ),
    "share": AuditedMethod("shared", _facts_of_grant),
    "access_token": AuditedMethod("token_read", _nothing),
    "paste": AuditedMethod("typed", lambda params, result: {"messages": 1, "bytes": len(params.text), "channel": None}),
    "restart": AuditedMethod("restart_asked", _nothing),
    "run": AuditedMethod(
        "run_asked", lambda params, result: {"run": result.id, "state": result.state, "resumed": bool(params.resume)}
    ),
    "run_stop": AuditedMethod("run_stopped", lambda params, result: {"run": result.id, "state": result.state}),
    "conversation_search": AuditedMethod(
        "conversations_searched", lambda params, result: {"conversations": len(result.hits)}
    ),
    "conversation_export": AuditedMethod(
        "conversation_read", lambda params, result: {"conversation": params.conversation, "bytes": len(result.data)}
    ),
    "resume": AuditedMethod("resumed", _facts_of_resume),
    "keep": AuditedMethod("keep_set", _facts_of_keep),
    "forget_kept": AuditedMethod("kept_forgotten", lambda params, result: {"name": params.name}),
    "notify_test": AuditedMethod(
        "notify_tested",
        lambda params, result: {
            "urls": len(result.outcomes),
            "failed": sum(bool(one.reason) for one in result.outcomes),
        },
    ),
    "shutdown": AuditedMethod("shutdown_asked", lambda params, result: {"kill_sessions": params.kill_sessions}),
}
