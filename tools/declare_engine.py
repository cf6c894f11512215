"""Writes the declarations of the terminal engine's library in a form that needs no parsing.

    python -m tools.declare_engine            write ptyd/engine/declarations_gen.py
    python -m tools.declare_engine --check    exit 1 where the file is not what would be written

pyghostty has cffi parse its C declarations whenever it is imported, which takes half of the time of the daemon's start.
"""

import argparse
import sys
import tempfile
from collections.abc import Sequence
from importlib.metadata import version
from pathlib import Path

from cffi import FFI
from pyghostty._cdef import CDEF

OUTPUT_PATH = Path(__file__).parents[1] / "ptyd" / "engine" / "declarations_gen.py"

HEAD = '''"""Made by tools/declare_engine.py of the declarations of pyghostty {version} (Apache-2.0). Do not edit.

A newer pyghostty has other declarations: ptyd/engine/binding.py looks whether these are its own.
"""

PYGHOSTTY_VERSION = "{version}"

'''

TWINS = """
typedef struct { uint16_t x; uint32_t y; uint64_t reserved; } PtydPointValue;
typedef struct { GhosttyPointTag tag; PtydPointValue value; } PtydPoint;
"""
"""cffi cannot pass a struct with a union in it by value. A point is one of 24 bytes: this one is passed alike, and of
its union has the member that is used."""


def generate() -> str:
    ffi = FFI()
    ffi.cdef(CDEF + TWINS)
    if (ffi.sizeof("PtydPoint"), ffi.alignof("PtydPoint")) != (ffi.sizeof("GhosttyPoint"), ffi.alignof("GhosttyPoint")):
        raise SystemExit("GhosttyPoint has changed: TWINS has to follow")
    ffi.set_source("ptyd.engine.declarations_gen", None)
    with tempfile.TemporaryDirectory() as place:
        path = Path(place) / "declarations.py"
        ffi.emit_python_code(str(path))
        return HEAD.format(version=version("pyghostty")) + path.read_text(encoding="utf-8").partition("\n")[2]


def main(arguments: Sequence[str]) -> int:
    parser = argparse.ArgumentParser(prog="python -m tools.declare_engine")
    parser.add_argument("--check", action="store_true", help="only look whether the file is up to date")
    content = generate()
    if not parser.parse_args(arguments).check:
        OUTPUT_PATH.write_text(content, encoding="utf-8")
    elif not OUTPUT_PATH.exists() or OUTPUT_PATH.read_text(encoding="utf-8") != content:
        print(f"{OUTPUT_PATH} is not up to date: python -m tools.declare_engine", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
