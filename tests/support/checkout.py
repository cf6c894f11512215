"""A copy of the checkout as a clone would hold it, to build and install from without touching this one."""

import os
import shutil
import subprocess
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent.parent


def copy_checkout(target: Path) -> Path:
    """What a clone would hold: the files that git knows or would take."""
    listed = run_command("git", "ls-files", "-z", "--cached", "--others", "--exclude-standard", cwd=ROOT)
    for name in filter(None, listed.split("\0")):
        source, copy = ROOT / name, target / name
        if source.is_file():
            copy.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(source, copy)
    return target


def run_command(*command: str, cwd: Path) -> str:
    """Its standard output; the test fails, with what it said, where it fails."""
    scrubbed = {key: value for key, value in os.environ.items() if not key.startswith(("PYTHON", "PTYD"))}
    done = subprocess.run(command, cwd=cwd, env=scrubbed, capture_output=True, text=True, check=False)
    assert done.returncode == 0, f"{command} ended with {done.returncode}\n{done.stdout}\n{done.stderr}"
    return done.stdout
