"""Whose engine killed the daemon."""

from signal import Signals

import pytest

from ptyd.core.screen.quarantine import EngineMarks, judge, number_engine

ENGINE = number_engine("engine 1")
AT_WORK = EngineMarks(at_work=True)
AT_REST = EngineMarks()


def test_the_only_one_at_work_is_guilty() -> None:
    judged = judge({"a": AT_WORK, "b": AT_REST}, ENGINE, Signals.SIGSEGV)
    assert judged == {"a": EngineMarks(False, 1, ENGINE), "b": AT_REST}


@pytest.mark.parametrize("death", [None, Signals.SIGKILL, Signals.SIGTERM])
def test_other_ends_accuse_nobody(death: Signals | None) -> None:
    assert judge({"a": AT_WORK}, ENGINE, death) == {"a": AT_REST}


def test_of_two_the_one_that_does_it_again() -> None:
    first = judge({"a": AT_WORK, "b": AT_WORK, "c": AT_REST}, ENGINE, Signals.SIGABRT)
    assert [mark.quarantined for mark in first.values()] == [0, 0, 0]
    assert [mark.suspicions for mark in first.values()] == [1, 1, 0]
    again = {"a": EngineMarks(True, 1), "b": first["b"], "c": EngineMarks(True, 0)}
    second = judge(again, ENGINE, Signals.SIGABRT)
    assert {session for session, mark in second.items() if mark.quarantined} == {"a"}
    assert second["b"].suspicions == 0
    assert second["c"].suspicions == 1


def test_suspicion_outlives_a_kill() -> None:
    assert judge({"a": EngineMarks(False, 1)}, ENGINE, Signals.SIGKILL) == {"a": EngineMarks(False, 1)}


def test_another_engine_gets_another_chance() -> None:
    kept = {"a": EngineMarks(False, 1, ENGINE)}
    assert judge(kept, ENGINE, None)["a"].quarantined == ENGINE
    assert judge(kept, number_engine("engine 2"), None)["a"].quarantined == 0
