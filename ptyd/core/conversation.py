"""Which conversation of Claude Code a session has, had before, and what is to become of it."""

from msgspec import Struct
from msgspec.structs import replace
from ptyd_protocol.conversations import KeepPolicy, SessionConversation

MAX_EARLIER = 32


class ConversationState(Struct, frozen=True, kw_only=True):
    """Kept in the session's record. ``config_dir``: the CLI's, in the session's environment. ``folder``: below its
    ``projects``. A new field goes to the end and has a default."""

    id: str = ""
    earlier: list[str] = []
    config_dir: str = ""
    folder: str = ""
    keep: KeepPolicy = "never"
    restart_on_failure: bool = False

    @property
    def ids(self) -> list[str]:
        """All that it has had, the present one last."""
        return [*self.earlier, *([self.id] if self.id else [])]

    @property
    def path(self) -> str:
        return f"{self.config_dir}/projects/{self.folder}/{self.id}.jsonl" if self.id else ""

    def moved_to(self, conversation: str) -> "ConversationState":
        """After ``/clear`` or ``/resume`` within the program."""
        earlier = [one for one in self.ids if one != conversation][-MAX_EARLIER:]
        return replace(self, id=conversation, earlier=earlier)

    def info(self) -> SessionConversation:
        return SessionConversation(
            id=self.id, path=self.path, keep=self.keep, restart_on_failure=self.restart_on_failure
        )


def folder_of(cwd: str) -> str:
    """The name of the folder in which the CLI keeps a directory's transcripts."""
    return "".join(char if char.isascii() and char.isalnum() else "-" for char in cwd)
