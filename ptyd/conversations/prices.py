"""What tokens cost, where a transcript does not say: a table in a data file, which the user's own file goes before."""

import logging
import tomllib
from collections.abc import Mapping
from pathlib import Path

import msgspec
from msgspec import Struct

logger = logging.getLogger("ptyd.conversations")

SHIPPED = Path(__file__).with_name("prices.toml")

MILLION = 1_000_000
OTHER = "other"


class Price(Struct, frozen=True, forbid_unknown_fields=True):
    """US dollars for a million tokens. ``cache_write_1h``: of what is kept for an hour."""

    input: float
    output: float
    cache_read: float = 0.0
    cache_write: float = 0.0
    cache_write_1h: float = 0.0


class Tokens(Struct, kw_only=True):
    """How many, by what they cost. ``cache_write`` has ``cache_write_1h`` in it."""

    input: int = 0
    output: int = 0
    cache_read: int = 0
    cache_write: int = 0
    cache_write_1h: int = 0

    def add(self, other: "Tokens") -> None:
        self.input += other.input
        self.output += other.output
        self.cache_read += other.cache_read
        self.cache_write += other.cache_write
        self.cache_write_1h += other.cache_write_1h


class PriceTable:
    """Prices by the beginnings of models' ids."""

    def __init__(self, prices: Mapping[str, Price]) -> None:
        self._prices = dict(prices)
        self._found: dict[str, Price] = {}

    def find(self, model: str) -> Price:
        """The price of ``model``: that of the longest beginning of its id, else that of "other"."""
        found = self._found.get(model)
        if found is None:
            beginnings = [name for name in self._prices if name != OTHER and model.startswith(name)]
            found = self._prices[max(beginnings, key=len, default=OTHER)]
            self._found[model] = found
        return found

    def estimate(self, model: str, tokens: Tokens) -> float:
        """US dollars."""
        price = self.find(model)
        return (
            tokens.input * price.input
            + tokens.output * price.output
            + tokens.cache_read * price.cache_read
            + (tokens.cache_write - tokens.cache_write_1h) * price.cache_write
            + tokens.cache_write_1h * price.cache_write_1h
        ) / MILLION


def load_prices(own: Path) -> PriceTable:
    """The table that comes with ptyd, and the user's ``own`` file over it, which need not exist. One that cannot be
    used is told to the log and does without."""
    prices = read_prices(SHIPPED)
    try:
        prices |= read_prices(own)
    except FileNotFoundError:
        pass
    except (OSError, ValueError) as error:
        logger.error("%s is not used: %s", own, error)
    return PriceTable(prices)


def read_prices(path: Path) -> dict[str, Price]:
    """Raises OSError, or ValueError where it is no such table."""
    try:
        return msgspec.convert(tomllib.loads(path.read_text()), dict[str, Price], strict=False)
    except msgspec.ValidationError as error:
        raise ValueError(str(error)) from error
