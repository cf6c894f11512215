"""What is installed, and how it is configured."""

import importlib
import importlib.metadata
import importlib.util
import os
import shutil
import sys
from pathlib import Path
from typing import Final

from ptyd_cli.doctor.finding import Check, Finding

OLDEST_PYTHON: Final = (3, 11)
MODULES: Final = ("click", "msgspec", "platformdirs", "psutil", "ptyprocess", "starlette", "uvicorn", "websockets")


def check_python() -> list[Finding]:
    version = ".".join(map(str, sys.version_info[:3]))
    if sys.version_info < OLDEST_PYTHON:
        return [
            Finding(
                check="python",
                state="error",
                what=f"Python {version} at {sys.executable}",
                why="ptyd is written for 3.11 and later",
                to_do="install ptyd with a newer Python",
            )
        ]
    return [Finding(check="python", state="ok", what=f"{version} at {sys.executable}")]


def check_dependencies() -> list[Finding]:
    missing = [name for name in MODULES if importlib.util.find_spec(name) is None]
    if missing:
        return [
            Finding(
                check="dependencies",
                state="error",
                what=f"not installed: {', '.join(missing)}",
                why="the daemon cannot start without them",
                to_do=f"{sys.executable} -m pip install --force-reinstall ptyd",
            )
        ]
    findings = [Finding(check="dependencies", state="ok", what=f"all {len(MODULES)} are installed")]
    if importlib.util.find_spec("uvloop") is None:
        findings.append(
            Finding(
                check="dependencies",
                state="note",
                what="uvloop is not installed",
                why="the daemon does without, and takes longer for each key and piece of output",
                to_do="pip install uvloop",
            )
        )
    return findings


def check_engine() -> list[Finding]:
    try:
        importlib.import_module("pyghostty._ffi")
    except (ImportError, OSError) as error:
        return [
            Finding(
                check="engine",
                state="warning",
                what=f"libghostty-vt cannot be loaded: {error}",
                why="sessions have no exact screen: who attaches sees the newest output in place of it",
                to_do="pip install pyghostty, where there is a wheel for this system (not for musl)",
            )
        ]
    return [Finding(check="engine", state="ok", what=f"pyghostty {importlib.metadata.version('pyghostty')}")]


def check_web_client() -> list[Finding]:
    spec = importlib.util.find_spec("ptyd")
    places = [] if spec is None else list(spec.submodule_search_locations or [])
    if any((Path(place) / "static" / "index.html").is_file() for place in places):
        return [Finding(check="web client", state="ok", what="built")]
    return [
        Finding(
            check="web client",
            state="warning",
            what="it is not built",
            why="browsers get an empty page",
            to_do="in a checkout: `make web`; otherwise install ptyd from a wheel",
        )
    ]


def check_configuration() -> list[Finding]:
    from ptyd.config import ConfigError, find_exposed_secrets, load_config  # noqa: PLC0415 - only the doctor needs it
    from ptyd_cli.errors import CliError  # noqa: PLC0415 - as above
    from ptyd_cli.settings import config_path, load_detach_keys  # noqa: PLC0415 - as above

    path = config_path()
    try:
        exposed = find_exposed_secrets(path, load_config(path, os.environ))
        load_detach_keys()
    except (ConfigError, CliError) as error:
        return [
            Finding(
                check="configuration",
                state="error",
                what=str(error),
                why="the daemon does not start with it",
                to_do=f"mend {path}, or the variable PTYD_...",
            )
        ]
    if exposed:
        return [
            Finding(
                check="configuration",
                state="warning",
                what=exposed,
                why="whoever has these URLs can write to you, and read what is written, in your name",
                to_do=f"chmod 600 {path}",
            )
        ]
    return [
        Finding(check="configuration", state="ok", what=str(path) if path.exists() else "defaults; there is no file")
    ]


def check_claude() -> list[Finding]:
    found = shutil.which("claude")
    if found is None:
        return [
            Finding(
                check="claude",
                state="note",
                what="the program claude is not in PATH",
                why="only `ptyd claude` needs it",
                to_do="install Claude Code, or name its place in PATH",
            )
        ]
    return [Finding(check="claude", state="ok", what=found)]


def check_terminal() -> list[Finding]:
    term = os.environ.get("TERM", "")
    locale = next((value for name in ("LC_ALL", "LC_CTYPE", "LANG") if (value := os.environ.get(name))), "")
    findings = []
    if term in ("", "dumb"):
        findings.append(
            Finding(
                check="terminal",
                state="note",
                what=f"TERM is {term!r}",
                why="`ptyd attach` needs a terminal that understands control sequences",
                to_do="run it in one",
            )
        )
    if "utf-8" not in locale.lower() and "utf8" not in locale.lower():
        findings.append(
            Finding(
                check="terminal",
                state="note",
                what=f"the locale is {locale or 'not set'}, and not of UTF-8",
                why="programs in sessions may print ? in place of other letters than English ones",
                to_do="export LANG=C.UTF-8",
            )
        )
    return findings or [Finding(check="terminal", state="ok", what=f"{term}, {locale}")]


CHECKS: Final[dict[str, Check]] = {
    "python": check_python,
    "dependencies": check_dependencies,
    "engine": check_engine,
    "web client": check_web_client,
    "configuration": check_configuration,
    "claude": check_claude,
    "terminal": check_terminal,
}
