"""Looking at what sessions use when there is nothing left to look with."""

import os
import resource
from collections.abc import Iterator
from contextlib import contextmanager

from ptyd.edge.processes.resource_watch import ResourceWatch
from ptyd.edge.processes.session_marks import Kin
from ptyd.edge.tasks import Tasks
from tests.core.world import make_session


@contextmanager
def no_descriptor_left() -> Iterator[None]:
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (0, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


async def test_a_look_that_fails_leaves_older_figures() -> None:
    tasks, session = Tasks(), make_session()
    watch = ResourceWatch(tasks, lambda session, crossing: None)
    watch.start(session, Kin(session.id, os.getpid))
    with no_descriptor_left():
        await watch.refresh()
    assert session.usage is None
    await watch.refresh()
    assert session.usage is not None
    assert session.usage.processes >= 1
    watch.close()
    await tasks.cancel_all()
