"""When a session that fails is not started again any more."""

import asyncio
from typing import Any, cast

import pytest
from ptyd_protocol.errors import Refusal
from ptyd_protocol.sessions import CreateParams

from ptyd import keeping
from ptyd.conversations.kept_store import KeptStore
from ptyd.core.conversation import ConversationState
from ptyd.core.registry import Registry
from ptyd.core.session import ExitStatus, Session
from ptyd.edge.tasks import Tasks
from ptyd.keeping import Keeping
from ptyd.manager import PtyManager
from tests.core.world import make_session
from tests.support.waiting import wait_until_async

PARAMS = CreateParams(kind="claude", restart_on_failure=True, keep="ask", env={"A": "b"})


class FakeManager:
    """Makes sessions without programs; keeps what was asked for."""

    def __init__(self) -> None:
        self.registry = Registry()
        self.asked: list[CreateParams] = []
        self.listeners: list[Any] = []
        self.on_created: Any = None
        self.on_killed: Any = None
        self.on_ended: Any = None

    async def create(self, params: CreateParams, owner: str) -> Session:
        self.asked.append(params)
        session = make_session(id=f"{len(self.asked):08x}", name=params.name, owner=owner)
        keep = params.keep or "never"
        session.conversation = ConversationState(id="b3ed", keep=keep, restart_on_failure=params.restart_on_failure)
        self.registry.add(session)
        self.on_created(session, params)
        return session

    def note_exit_seen(self, session: Session) -> None: ...

    def note_conversation(self, session: Session) -> None: ...

    def fail(self, session: Session) -> None:
        session.exit, session.drained = ExitStatus(3, None, 0.0), True
        self.on_ended(session)


async def test_it_is_given_up_in_the_end(tmp_path: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(keeping, "restart_delay", lambda failures: 0.0 if len(failures) < 3 else None)
    manager, tasks = FakeManager(), Tasks()
    keeper = Keeping(cast(PtyManager, manager), KeptStore(tmp_path / "kept.json"), tasks)
    session = await manager.create(PARAMS, "ada")
    for number in (2, 3):
        manager.fail(session)
        await wait_until_async(lambda number=number: len(manager.asked) == number)
        session = next(one for one in manager.registry if not one.has_ended)
        assert (session.owner, manager.asked[-1].env, keeper.offered) == ("ada", {"A": "b"}, [])
    manager.fail(session)
    [offered] = keeper.offered
    assert offered.problem == "it has failed 3 times in 10 minutes"
    assert len(manager.asked) == 3
    await tasks.cancel_all()


async def test_a_daemon_that_ends_takes_them_along(tmp_path: Any) -> None:
    manager, tasks = FakeManager(), Tasks()
    store = KeptStore(tmp_path / "kept.json")
    keeper = Keeping(cast(PtyManager, manager), store, tasks)
    session = await manager.create(PARAMS, "ada")
    keeper.end()
    manager.fail(session)
    assert (len(manager.asked), [record.offered for record in store.records]) == (1, [False])
    await tasks.cancel_all()


async def test_one_that_reached_a_limit_is_not_started_again(tmp_path: Any) -> None:
    manager, tasks = FakeManager(), Tasks()
    keeper = Keeping(cast(PtyManager, manager), KeptStore(tmp_path / "kept.json"), tasks)
    session = await manager.create(PARAMS, "ada")
    session.end_reason = "its time was over"
    manager.fail(session)
    assert [record.problem for record in keeper.offered] == ["its time was over"]
    await tasks.cancel_all()


async def test_it_is_started_again_once(tmp_path: Any) -> None:
    """Also where two ask at the same time."""
    manager, tasks = FakeManager(), Tasks()
    keeper = Keeping(cast(PtyManager, manager), KeptStore(tmp_path / "kept.json"), tasks)
    session = await manager.create(PARAMS, "ada")
    session.end_reason = "its time was over"
    manager.fail(session)
    [offered] = keeper.offered
    both = [keeper.start_again(offered, CreateParams()) for _ in range(2)]
    first, second = await asyncio.gather(*both, return_exceptions=True)
    assert isinstance(first, Session) and isinstance(second, Refusal)
    assert (len(manager.asked), keeper.offered) == (2, [])
    await tasks.cancel_all()
