"""The C programs of the benchmarks: compiled when they are first needed, so that no child is the limit."""

import hashlib
import shutil
import subprocess
from pathlib import Path
from typing import NamedTuple

from bench.cache import cache_dir

SOURCES = Path(__file__).parent


class CompilerMissing(Exception):
    """There is no ``cc``; the message says how to get one."""


class Programs(NamedTuple):
    """Paths of the compiled programs; what each does stands at the head of its source."""

    flood: str
    echo: str
    clock: str
    kernel_limit: str


def compile_programs() -> Programs:
    """Compile what is not there yet.

    Raises:
        CompilerMissing: there is no C compiler.
        subprocess.CalledProcessError: it failed, and has said why.
    """
    return Programs(
        *(
            compile_program(SOURCES / name)
            for name in ("children/flood.c", "children/echo.c", "children/clock.c", "kernel_limit.c")
        )
    )


def compile_program(source: Path) -> str:
    """The executable made from ``source``, named after the source's content."""
    digest = hashlib.sha256(source.read_bytes()).hexdigest()[:12]
    target = cache_dir() / "programs" / f"{source.stem}-{digest}"
    if target.exists():
        return str(target)
    if shutil.which("cc") is None:
        raise CompilerMissing("no C compiler: apt-get install gcc libc6-dev")
    target.parent.mkdir(exist_ok=True)
    unfinished = target.with_suffix(".new")
    subprocess.run(["cc", "-O2", "-Wall", "-Wextra", "-o", unfinished, source, "-lutil"], check=True)
    unfinished.rename(target)
    return str(target)
