"""How long to look for trouble: shortly in CI, long in ``make soak``, which sets ``PTYD_SOAK``."""

import os

IS_SOAKING = bool(os.environ.get("PTYD_SOAK"))


def choose_scale(in_ci: int, in_soak: int) -> int:
    return in_soak if IS_SOAKING else in_ci
