"""Where peers and compiled programs are kept between runs: outside the repository."""

import os
from pathlib import Path

from platformdirs import user_cache_path


def cache_dir() -> Path:
    """``$PTYD_BENCH_CACHE``, else ``ptyd/bench`` in the user's cache; made if need be."""
    chosen = os.environ.get("PTYD_BENCH_CACHE")
    directory = Path(chosen).absolute() if chosen else user_cache_path("ptyd") / "bench"
    directory.mkdir(parents=True, exist_ok=True)
    return directory
