"""The library that pyghostty brings along, by declarations that are ready for use.

pyghostty's own module would parse them anew at each import: half a second, and some megabytes that stay.
"""

import os
import sys
from importlib.metadata import version
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from ptyd.engine.declarations_gen import PYGHOSTTY_VERSION
from ptyd.engine.declarations_gen import ffi as _ffi

ffi: Any = _ffi


def find_library() -> Path:
    """The file of the library; ``$PYGHOSTTY_LIB`` names another one.

    Raises:
        ImportError: pyghostty is not installed, or not the version whose declarations we have.
    """
    spec = find_spec("pyghostty")
    if spec is None or spec.origin is None:
        raise ImportError("pyghostty is not installed")
    if version("pyghostty") != PYGHOSTTY_VERSION:
        raise ImportError(f"pyghostty {PYGHOSTTY_VERSION} is needed, and {version('pyghostty')} is there")
    if chosen := os.environ.get("PYGHOSTTY_LIB"):
        return Path(chosen)
    suffix = ".dylib" if sys.platform == "darwin" else ".so"
    return Path(spec.origin).parent / "_lib" / f"libghostty-vt{suffix}"


lib: Any = ffi.dlopen(str(find_library()))


def make_sized(name: str) -> Any:
    """A new struct of this type that says its size, as do those in it: so the library knows who was compiled when."""
    struct = ffi.new(f"{name}*")
    _say_sizes(struct)
    return struct


def _say_sizes(struct: Any) -> None:
    kind = ffi.typeof(struct).item
    for name, field in kind.fields:
        if name == "size":
            struct.size = ffi.sizeof(kind)
        elif field.type.kind == "struct":
            _say_sizes(ffi.addressof(struct, name))


read_grid_ref: Any = ffi.cast(
    "GhosttyResult(*)(GhosttyTerminal, PtydPoint, GhosttyGridRef*)", ffi.addressof(lib, "ghostty_terminal_grid_ref")
)
"""``ghostty_terminal_grid_ref``, which is to be given a PtydPoint (tools/declare_engine.py says why)."""
