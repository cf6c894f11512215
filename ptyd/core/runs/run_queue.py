"""The runs that wait for a place: the highest priority first, among equals the one that has waited longest. No I/O."""

from collections.abc import Iterator

from msgspec import Struct
from ptyd_protocol.runs import RunInfo, RunParams

from ptyd.core.runs.run import head_of


class QueuedRun(Struct, kw_only=True):
    """One that waits; as it is written to a file, so a new field goes to the end and has a default. To access rights it
    is as the session that it will be (``id``, ``owner``)."""

    id: str
    params: RunParams
    owner: str
    grant_id: str = ""
    """The token that its owner came with."""
    is_capped: bool = False
    queued_at: float = 0.0
    """Unix seconds."""


class RunQueue:
    def __init__(self) -> None:
        self._runs: dict[str, QueuedRun] = {}

    def __iter__(self) -> Iterator[QueuedRun]:
        """In the order in which they will start."""
        return iter(sorted(self._runs.values(), key=lambda run: (-run.params.priority, run.queued_at)))

    def __len__(self) -> int:
        return len(self._runs)

    def __contains__(self, run_id: str) -> bool:
        return run_id in self._runs

    def add(self, run: QueuedRun) -> None:
        self._runs[run.id] = run

    def remove(self, run_id: str) -> None:
        self._runs.pop(run_id, None)

    def get(self, run_id: str) -> QueuedRun | None:
        return self._runs.get(run_id)

    def describe(self, run: QueuedRun, position: int | None = None) -> RunInfo:
        """``position``: in the queue, where the caller knows it."""
        params = run.params
        if position is None:
            position = next((place for place, one in enumerate(self, 1) if one.id == run.id), 0)
        return RunInfo(
            id=run.id,
            name=params.name,
            state="queued",
            prompt=head_of(params.prompt),
            owner=run.owner,
            model=params.model,
            cwd=params.cwd,
            priority=params.priority,
            label=params.label,
            conversation=params.resume,
            timeout_seconds=params.timeout_seconds,
            queued_at=run.queued_at,
            position=position,
        )
