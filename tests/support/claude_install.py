"""The pinned Claude Code: where it is, and ``python -m tests.support.claude_install`` to put it there.

It changes often and is large (360 MB), so it lives in a cache outside the repository, under its version. No
script of the package is run: it only unpacks a native program, which is executed directly.
"""

import os
import platform
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Final

PINNED_VERSION: Final = "2.1.329"
"""What the tests and the pictures are made with. Raise it together with what the tests then tell."""

CLAUDE_VERSION: Final = os.environ.get("PTYD_TEST_CLAUDE_VERSION") or PINNED_VERSION
"""What is tested: another one to see whether it has moved (``make claude-facts``)."""

PACKAGE: Final = "@anthropic-ai/claude-code"
PLATFORMS: Final = {"x86_64": "linux-x64", "aarch64": "linux-arm64"}


def locate_cache() -> Path:
    """The folder of the pinned version: ``$XDG_CACHE_HOME/ptyd/claude-VERSION``, else below ``~/.cache``."""
    base = os.environ.get("XDG_CACHE_HOME") or str(Path.home() / ".cache")
    return Path(base) / "ptyd" / f"claude-{CLAUDE_VERSION}"


def locate_claude() -> Path:
    """The program of the pinned version, whether it is there or not."""
    suffix = PLATFORMS.get(platform.machine(), platform.machine())
    return locate_cache() / "node_modules" / f"{PACKAGE}-{suffix}" / "claude"


def install_claude() -> Path:
    """Install the pinned version where it is missing; returns its program.

    Raises:
        subprocess.CalledProcessError: npm failed, and has said why.
        FileNotFoundError: npm is missing, or the package holds no program for this machine.
    """
    program = locate_claude()
    if program.exists():
        return program
    cache = locate_cache()
    cache.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=f"{cache.name}-", dir=cache.parent) as unfinished:
        subprocess.run(
            ["npm", "install", "--ignore-scripts", "--no-audit", "--no-fund", f"{PACKAGE}@{CLAUDE_VERSION}"],
            cwd=unfinished,
            check=True,
        )
        shutil.rmtree(cache, ignore_errors=True)
        cache.mkdir()
        (Path(unfinished) / "node_modules").rename(cache / "node_modules")
    if not program.exists():
        raise FileNotFoundError(f"{PACKAGE}@{CLAUDE_VERSION} holds no program for this machine at {program}")
    return program


if __name__ == "__main__":
    sys.stdout.write(f"{install_claude()}\n")
