"""What a session may use, and what it does use."""

from typing import Annotated

from msgspec import Meta, Struct


class SessionLimits(Struct, frozen=True, kw_only=True):
    """What one session may use. 0: no limit. None: not said; the daemon's default applies."""

    memory_bytes: Annotated[int, Meta(ge=0)] | None = None
    """Of all its processes together."""
    cpus: Annotated[float, Meta(ge=0)] | None = None
    """Of all its processes together; 1.5 is one CPU and a half."""
    processes: Annotated[int, Meta(ge=0)] | None = None
    """With their threads."""
    open_files: Annotated[int, Meta(ge=0)] | None = None
    """Of one process."""
    file_bytes: Annotated[int, Meta(ge=0)] | None = None
    """The largest file that one process may write."""
    core_bytes: Annotated[int, Meta(ge=-1)] | None = None
    """The largest core dump. 0 is none here, and -1 no limit."""
    lifetime_seconds: Annotated[float, Meta(ge=0)] | None = None
    idle_seconds: Annotated[float, Meta(ge=0)] | None = None
    """Without output and without an attachment."""
    log_bytes: Annotated[int, Meta(ge=0)] | None = None
    """Of the replay log; rounded up to whole 64 KiB. 0 is as None."""
    scrollback_lines: Annotated[int, Meta(ge=0)] | None = None
    """0 is none here."""
    input_bytes_per_second: Annotated[int, Meta(ge=0)] | None = None
    output_bytes_per_second: Annotated[int, Meta(ge=0)] | None = None
    """Beyond it the program waits; nothing is lost."""


class SessionUsage(Struct, frozen=True, kw_only=True):
    """What a session's processes used when they were last looked at."""

    memory_bytes: int
    cpus: float
    """CPU time over the time since the look before."""
    processes: int
    """With their threads, as the kernel counts them for its limits."""
    open_files: int = 0
    """Of that process which has most."""
    at: float = 0.0
    """Unix seconds."""
