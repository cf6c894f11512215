"""Hatchling's build hook: a wheel, an sdist and an editable install carry the built web client."""

import sys
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

sys.path.insert(0, str(Path(__file__).resolve().parent))

from tools.build_web import NODE_WHEEL, build_web, has_node_on_path, is_from_sdist


class WebClientBuildHook(BuildHookInterface[Any]):
    """Named ``custom`` in pyproject.toml."""

    def dependencies(self) -> list[str]:
        """Node.js, where the machine has none that is new enough."""
        if has_node_on_path() or is_from_sdist(Path(self.root)):
            return []
        return [NODE_WHEEL]

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Build before hatchling collects the files."""
        build_web(Path(self.root))
