"""What a peer can do wrong, and how a request is refused."""

from enum import StrEnum

from ptyd_protocol.close_codes import CloseCode


class ProtocolError(Exception):
    """The peer broke the protocol: the connection ends with ``close_code`` and ``reason``."""

    def __init__(self, close_code: CloseCode, reason: str) -> None:
        super().__init__(reason)
        self.close_code = close_code
        self.reason = reason


class ErrorCode(StrEnum):
    """``Failure.code`` and ``Detached.code``: stable words for programs; the message beside them is for people."""

    BAD_REQUEST = "bad_request"
    UNKNOWN_METHOD = "unknown_method"
    NO_SUCH_SESSION = "no_such_session"
    AMBIGUOUS_SESSION = "ambiguous_session"
    NAME_TAKEN = "name_taken"
    BAD_NAME = "bad_name"
    COMMAND_NOT_FOUND = "command_not_found"
    PERMISSION_DENIED = "permission_denied"
    NO_SUCH_DIRECTORY = "no_such_directory"
    TOO_MANY_SESSIONS = "too_many_sessions"
    TOO_MANY_CLIENTS = "too_many_clients"
    NO_PTYS = "no_ptys"
    NO_RESOURCES = "no_resources"
    SESSION_EXITED = "session_exited"
    NOT_ALLOWED = "not_allowed"
    TIMEOUT = "timeout"
    UNAVAILABLE = "unavailable"
    INTERNAL = "internal"
    NO_SUCH_TOKEN = "no_such_token"
    NO_SUCH_FILE = "no_such_file"
    NO_SUCH_CONVERSATION = "no_such_conversation"
    NO_SUCH_APPROVAL = "no_such_approval"
    AMBIGUOUS_APPROVAL = "ambiguous_approval"
    ALREADY_ANSWERED = "already_answered"
    NO_SUCH_PROMPT = "no_such_prompt"
    # Reasons of Detached beside those above.
    DETACHED = "detached"
    OUTPUT_LOST = "output_lost"
    HOLD_ENDED = "hold_ended"
    INPUT_OVERFLOW = "input_overflow"
    SESSION_REMOVED = "session_removed"


class Refusal(Exception):
    """A request that the daemon understood and will not or cannot carry out. Becomes ``Failure`` or ``Detached``."""

    def __init__(self, code: ErrorCode, message: str) -> None:
        super().__init__(message)
        self.code = code
        self.message = message
