"""placeholder until the engine branch is merged"""

from ptyd.core.engine import EngineMaker


def find_engine_maker() -> EngineMaker | None:
    return None
