"""What can go wrong, as one small tree under PtydError. Imports nothing: quick programs stay quick."""


class PtydError(Exception):
    """Anything that ptyd refuses or cannot do."""


class DaemonUnreachable(PtydError):
    """No daemon answers at the address, or it does not speak our language."""


class ConnectionLost(PtydError):
    """The connection broke: whether the daemon has done what was asked is unknown. Or it is gone for good."""


class NotAuthenticated(PtydError):
    """The daemon does not accept the credentials."""


class NotTrusted(PtydError):
    """The daemon's certificate is not the one that is known, or nobody vouches for it. Nothing was sent to it."""


class RequestFailed(PtydError):
    """The daemon refused a request. ``code`` is a stable word for programs, ``message`` is for people."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message or code)
        self.code = code
        self.message = message


class BadRequest(RequestFailed):
    """A parameter is of the wrong type or out of range."""


class NoSuchSession(RequestFailed):
    """No session has this id or name."""


class NoSuchToken(RequestFailed):
    """No token or share has this id or name."""


class NoSuchFile(RequestFailed):
    """There is no such file in the session's directory."""


class NoSuchConversation(RequestFailed):
    """No conversation has this id, or several have ids that begin so."""


class AmbiguousSession(RequestFailed):
    """Several sessions' names begin like this."""


class NameTaken(RequestFailed):
    """A running session has this name."""


class BadName(RequestFailed):
    """Not allowed as a session's name."""


class CommandNotFound(RequestFailed):
    """There is no such program."""


class PermissionDenied(RequestFailed):
    """The operating system forbids it."""


class NoSuchDirectory(RequestFailed):
    """The working directory does not exist."""


class TooManySessions(RequestFailed):
    """As many sessions run as may run."""


class TooManyClients(RequestFailed):
    """The session, or this connection, has as many attachments as it may have."""


class NoPtys(RequestFailed):
    """The system has no pseudo-terminal left."""


class NoResources(RequestFailed):
    """The system has no process, memory or file descriptor left."""


class SessionExited(RequestFailed):
    """The program has ended, so this is impossible."""


class NotAllowed(RequestFailed):
    """This client may not do it."""


class NoSuchApproval(RequestFailed):
    """Nothing of that id is known, or nothing waits for an answer."""


class AmbiguousApproval(RequestFailed):
    """Several wait for an answer, and it was not said which is meant."""


class AlreadyAnswered(RequestFailed):
    """Somebody else was faster, or what was asked is gone."""


class NoSuchPrompt(RequestFailed):
    """The session has no prompt of this id."""


class InputOverflow(RequestFailed):
    """Too much input waits for the program to read it."""


class TimedOut(RequestFailed, TimeoutError):
    """The time given has passed."""


class Unavailable(RequestFailed):
    """Not now; try again."""


class AttachmentEnded(PtydError):
    """The attachment is over. ``code`` is a stable word for programs, ``message`` is for people."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message or code)
        self.code = code
        self.message = message


class BytesLost(AttachmentEnded):
    """A lossless attachment could not be kept: bytes of the output are gone that were never handed out."""


_FAILURES: dict[str, type[RequestFailed]] = {
    "bad_request": BadRequest,
    "no_such_session": NoSuchSession,
    "ambiguous_session": AmbiguousSession,
    "no_such_token": NoSuchToken,
    "no_such_file": NoSuchFile,
    "no_such_conversation": NoSuchConversation,
    "name_taken": NameTaken,
    "bad_name": BadName,
    "command_not_found": CommandNotFound,
    "permission_denied": PermissionDenied,
    "no_such_directory": NoSuchDirectory,
    "too_many_sessions": TooManySessions,
    "too_many_clients": TooManyClients,
    "no_ptys": NoPtys,
    "no_resources": NoResources,
    "session_exited": SessionExited,
    "not_allowed": NotAllowed,
    "input_overflow": InputOverflow,
    "timeout": TimedOut,
    "unavailable": Unavailable,
    "no_such_approval": NoSuchApproval,
    "ambiguous_approval": AmbiguousApproval,
    "already_answered": AlreadyAnswered,
    "no_such_prompt": NoSuchPrompt,
}

_LOSSES = frozenset({"output_lost", "hold_ended"})


def make_failure(code: str, message: str) -> RequestFailed:
    """The exception for a Failure of the wire; codes without a class of their own are plain RequestFailed."""
    return _FAILURES.get(code, RequestFailed)(code, message)


def make_ending(code: str, message: str) -> AttachmentEnded:
    """The exception for a channel that the daemon closed."""
    return (BytesLost if code in _LOSSES else AttachmentEnded)(code, message)
