"""A runtime directory that looks like a daemon's, but whose socket is a faulty proxy's.

The SDK and the command line use it like any other.
"""

import contextlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from tests.support.daemon import PtydUnderTest
from tests.support.faulty_proxy import Fault, FaultyProxy, faulty_proxy


@dataclass(frozen=True)
class Detour:
    directory: Path
    proxy: FaultyProxy
    env: dict[str, str]
    """What the command line is to be run with."""

    @property
    def address(self) -> str:
        return f"unix://{self.directory}/ptyd.sock"


@contextlib.contextmanager
def make_detour(
    ptyd: PtydUnderTest, name: str, faults: Iterator[Fault], most_cuts: int | None = None, *, disarmed: bool = False
) -> Iterator[Detour]:
    """``name`` must be short, as must all of a socket's path. The keeper is reached as always."""
    directory = ptyd.runtime_dir.parent / name
    directory.mkdir(mode=0o700)
    (directory / "keeper.sock").symlink_to(ptyd.runtime_dir / "keeper.sock")
    with faulty_proxy(ptyd.sock_path, directory / "ptyd.sock", faults, most_cuts, disarmed) as proxy:
        yield Detour(directory, proxy, {**ptyd.env, "PTYD_DIR": str(directory)})
