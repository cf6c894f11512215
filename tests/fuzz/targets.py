"""All fuzz targets by name, and the corpus: cases that were findings once, or that reach far."""

from collections.abc import Iterator
from functools import cache
from pathlib import Path

from tests.fuzz.keeper_targets import keeper_targets
from tests.fuzz.recovery_targets import recovery_targets
from tests.fuzz.run_targets import run_targets
from tests.fuzz.target import Target
from tests.fuzz.wire_targets import wire_targets

CORPUS = Path(__file__).parent / "corpus"


@cache
def all_targets() -> dict[str, Target]:
    return {target.name: target for target in [*wire_targets(), *keeper_targets(), *recovery_targets(), *run_targets()]}


def iterate_corpus(name: str) -> Iterator[tuple[Path, bytes]]:
    folder = CORPUS / name
    for path in sorted(folder.iterdir()) if folder.is_dir() else []:
        yield path, path.read_bytes()
