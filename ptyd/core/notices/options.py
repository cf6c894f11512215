"""What the user wants to be told, and by whom: ``[notify]`` in the configuration."""

from typing import Annotated, Literal

from msgspec import Meta, Struct

NoticeKind = Literal["waiting", "finished", "failed", "bell"]
"""waiting: the program needs the user. finished: it has worked for long and is done. failed: it has ended with an
error. bell: it has rung."""

QUIET_HOURS_PATTERN = r"^(([01]\d|2[0-3]):[0-5]\d-([01]\d|2[0-3]):[0-5]\d)?$"


class NotifyOptions(Struct, frozen=True, kw_only=True):
    """Times in seconds. Only the configuration file has these options, for ``urls`` hold secrets."""

    urls: Annotated[
        list[Annotated[str, Meta(pattern=r"^[A-Za-z][A-Za-z0-9+.-]*://")]],
        Meta(max_length=32, description="Whom to tell, as URLs of apprise: ntfys://ntfy.sh/TOPIC. They are secrets."),
    ] = []
    changes: Annotated[
        tuple[NoticeKind, ...],
        Meta(description="Of what to tell: waiting, finished, failed (exited with an error), bell."),
    ] = ("waiting", "finished", "failed", "bell")
    finished_after_seconds: Annotated[
        float, Meta(ge=0, le=86_400, description="What has worked for less is not told of as finished.")
    ] = 60.0
    quiet_hours: Annotated[
        str,
        Meta(
            pattern=QUIET_HOURS_PATTERN,
            description="HH:MM-HH:MM, local time: what happens then is told at their end, if it still holds.",
        ),
    ] = ""
    repeat_seconds: Annotated[
        float, Meta(ge=0, le=86_400, description="Of one session that lives on the user is told at most so often.")
    ] = 60.0
    even_if_watched: Annotated[
        bool, Meta(description="Tell also of a session that a client shows which somebody looks at.")
    ] = False
    with_details: Annotated[
        bool,
        Meta(description="Tell commands, paths and prompts, too; whoever carries a notification can read them."),
    ] = False

    def __repr__(self) -> str:
        """Without the secrets: this may come into a log."""
        return f"NotifyOptions({len(self.urls)} urls)"
