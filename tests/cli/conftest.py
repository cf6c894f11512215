"""One private ptyd for the tests of a module, and terminals to attach from."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack

import pytest

from tests.cli.outer import Outer
from tests.support.daemon import PtydUnderTest, running_ptyd


@pytest.fixture(scope="module")
def ptyd() -> Iterator[PtydUnderTest]:
    with running_ptyd() as running:
        yield running


OpenOuter = Callable[..., Outer]


@pytest.fixture
def open_outer(ptyd: PtydUnderTest) -> Iterator[OpenOuter]:
    """``open_outer("attach", "one", cols=100, rows=30, VARIABLE="x")``: ptyd in a terminal, closed at the end."""
    with ExitStack() as stack:

        def open_one(*arguments: str, cols: int = 80, rows: int = 24, **env: str) -> Outer:
            return stack.enter_context(Outer(arguments, {**ptyd.env, **env}, cols=cols, rows=rows))

        yield open_one
