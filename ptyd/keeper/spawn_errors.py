"""Why a program was not started: errors of the system and of the child's first steps, in plain words."""

import errno
import os


class SpawnError(Exception):
    """The program was not started. ``code`` is a word of the wire, the text is for a person."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code
        self.message = message


def explain_failure(error: Exception, command: str, cwd: str) -> SpawnError:
    """The SpawnError for what the operating system, or the child before its program, has reported."""
    step, _, number = str(error).partition(" ")
    if isinstance(error, OSError):
        return _explain_fork(error)
    if not number.isdecimal():
        return SpawnError("internal", f"cannot start {command}: {error}")
    if step == "directory":
        return _explain_directory(int(number), cwd)
    if step in ("command", "interpreter"):
        return _explain_command(step, int(number), command)
    if step == "files":
        return SpawnError(
            "no_resources", f"what {command} is to read or write cannot be opened: {os.strerror(int(number))}"
        )
    return SpawnError("internal", f"cannot start {command}: {step}: {os.strerror(int(number))}")


def _explain_fork(error: OSError) -> SpawnError:
    # pty.openpty raises a bare OSError of these words when no device is left.
    out_of_ptys = "out of pty devices" in str(error)
    if out_of_ptys or error.errno in (errno.EMFILE, errno.ENFILE, errno.ENOSPC, errno.ENOENT, errno.ENXIO):
        return SpawnError("no_ptys", "no terminal is left on this system")
    if error.errno in (errno.EAGAIN, errno.ENOMEM):
        return SpawnError("no_resources", f"no new process can be started: {error.strerror}")
    return SpawnError("internal", f"cannot open a terminal: {error}")


def _explain_directory(number: int, cwd: str) -> SpawnError:
    if number in (errno.EACCES, errno.EPERM):
        return SpawnError("permission_denied", f"no permission to enter directory {cwd}")
    if number == errno.ENOTDIR:
        return SpawnError("no_such_directory", f"not a directory: {cwd}")
    if number in (errno.ENOENT, errno.ELOOP, errno.ENAMETOOLONG):
        return SpawnError("no_such_directory", f"no such directory: {cwd}")
    return SpawnError("internal", f"cannot enter directory {cwd}: {os.strerror(number)}")


def _explain_command(step: str, number: int, command: str) -> SpawnError:
    if step == "interpreter":
        return SpawnError("command_not_found", f"the interpreter that {command} names was not found")
    if number in (errno.ENOENT, errno.ENOTDIR, errno.ELOOP, errno.ENAMETOOLONG):
        return SpawnError("command_not_found", f"command not found: {command}")
    if number in (errno.EACCES, errno.EPERM, errno.ENOEXEC):
        return SpawnError("permission_denied", f"{command} is not executable")
    if number == errno.E2BIG:
        return SpawnError("bad_request", f"the arguments and environment of {command} are too long for the system")
    if number in (errno.EAGAIN, errno.ENOMEM):
        return SpawnError("no_resources", f"{command} cannot be started: {os.strerror(number)}")
    return SpawnError("internal", f"{command} cannot be started: {os.strerror(number)}")
