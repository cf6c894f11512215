from collections.abc import Iterator

import pytest

from tests.keeper.harness import FakeDaemon, KeeperHarness, KeeperProcess, keeper_harness


@pytest.fixture
def harness() -> Iterator[KeeperHarness]:
    """A private runtime directory in which keepers can be started."""
    with keeper_harness() as harness:
        yield harness


@pytest.fixture
def serving(harness: KeeperHarness) -> tuple[KeeperProcess, FakeDaemon]:
    """A keeper whose daemon the test is."""
    return harness.start_serving()


@pytest.fixture
def daemon(serving: tuple[KeeperProcess, FakeDaemon]) -> FakeDaemon:
    return serving[1]
