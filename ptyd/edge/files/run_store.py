"""The queue of runs in files, one for each that waits: it outlives the daemon."""

import logging
from collections.abc import Iterator
from pathlib import Path

import msgspec
from ptyd_protocol.errors import ErrorCode, Refusal

from ptyd.core.runs.run_queue import QueuedRun
from ptyd.edge.files.run_files import write_private

logger = logging.getLogger("ptyd.runs")


class RunStore:
    """``directory``: 0700, as its files hold prompts and environments."""

    def __init__(self, directory: Path) -> None:
        self._directory = directory
        directory.mkdir(mode=0o700, exist_ok=True)

    def _path(self, run_id: str) -> Path:
        return self._directory / f"{run_id}.json"

    def read(self) -> Iterator[QueuedRun]:
        """What the daemon before us has left waiting."""
        for unfinished in self._directory.glob("*.new"):
            unfinished.unlink(missing_ok=True)
        for path in sorted(self._directory.glob("*.json")):
            try:
                yield msgspec.json.decode(path.read_bytes(), type=QueuedRun)
            except (OSError, msgspec.MsgspecError) as error:
                logger.error("a queued run cannot be read and is left out: %s: %s", path, error)

    def write(self, run: QueuedRun) -> None:
        """Raises Refusal: the disk is full, or the like."""
        try:
            self._directory.mkdir(mode=0o700, exist_ok=True)  # somebody may have tidied up
            write_private(self._path(run.id), msgspec.json.encode(run))
        except OSError as error:
            raise Refusal(ErrorCode.NO_RESOURCES, f"the queue cannot be written: {error.strerror}") from error

    def remove(self, run_id: str) -> None:
        self._path(run_id).unlink(missing_ok=True)
