"""The terminal engine: libghostty-vt by pyghostty, where there is a wheel of it."""

from importlib import import_module

from ptyd.core.screen.engine import EngineMaker


def find_engine_maker() -> EngineMaker | None:
    """None where the library is not installed or cannot be loaded: the daemon does without then."""
    try:
        import_module("ptyd.engine.binding")
    except (ImportError, OSError):
        return None
    from ptyd.engine.terminal import GhosttyEngineMaker  # noqa: PLC0415 - needs the library

    return GhosttyEngineMaker()
