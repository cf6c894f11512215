"""Who waits, in which order, and what is told of it."""

from ptyd_protocol.runs import RunParams

from ptyd.core.runs.run import HEAD_CHARS, head_of
from ptyd.core.runs.run_queue import QueuedRun, RunQueue


def make_run(run_id: str, priority: int, queued_at: float) -> QueuedRun:
    return QueuedRun(
        id=run_id, params=RunParams(prompt=f"prompt {run_id}", priority=priority), owner="ada", queued_at=queued_at
    )


def test_the_highest_priority_first_then_the_oldest() -> None:
    queue = RunQueue()
    for run in (make_run("a", 0, 1), make_run("b", 5, 3), make_run("c", 5, 2), make_run("d", -1, 0)):
        queue.add(run)
    assert [run.id for run in queue] == ["c", "b", "a", "d"]
    assert [queue.describe(run).position for run in queue] == [1, 2, 3, 4]
    queue.remove("b")
    queue.remove("nobody")
    assert [run.id for run in queue] == ["c", "a", "d"]
    assert "b" not in queue
    assert len(queue) == 3


def test_what_is_told() -> None:
    queue, run = RunQueue(), make_run("a", 3, 1.5)
    assert queue.describe(run).position == 0, "it does not wait any more"
    queue.add(run)
    info = queue.describe(run)
    assert (info.id, info.state, info.prompt, info.owner) == ("a", "queued", "prompt a", "ada")
    assert (info.priority, info.queued_at, info.outcome) == (3, 1.5, None)


def test_of_a_long_prompt_the_beginning_on_one_line() -> None:
    assert head_of("  mend\n\tthe   tests ") == "mend the tests"
    assert len(head_of("x " * 10_000)) <= HEAD_CHARS
