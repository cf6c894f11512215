"""What a user may choose for the command line: ``[cli]`` in ``config.toml``, or the environment, which
wins."""

import os
import tomllib
from pathlib import Path

from ptyd_cli.attach.detach_chord import DEFAULT_DETACH_KEYS, DetachKeys, parse_detach_keys
from ptyd_cli.errors import CliError, ExitCode

DETACH_KEYS_VARIABLE = "PTYD_DETACH_KEYS"
CLIPBOARD_VARIABLE = "PTYD_CLIPBOARD"
CLIPBOARD_CHOICES = ("refuse", "allow")


def load_detach_keys() -> DetachKeys | None:
    """``$PTYD_DETACH_KEYS``, else ``detach_keys`` of the file, else the default; None where they are switched
    off.

    Raises:
        CliError: what is chosen makes no sense.
    """
    text = os.environ.get(DETACH_KEYS_VARIABLE)
    source = f"${DETACH_KEYS_VARIABLE}"
    if text is None:
        path = config_path()
        text, source = _read_cli_option(path, "detach_keys"), f"{path}: [cli] detach_keys"
    if text is None:
        text = DEFAULT_DETACH_KEYS
    try:
        return parse_detach_keys(text)
    except ValueError as error:
        raise CliError(ExitCode.USAGE, f"{source}: {error}") from None


def load_may_copy(chosen: str | None) -> bool:
    """Whether programs may fill the terminal's clipboard: as ``chosen`` ("allow", "refuse"), else
    ``$PTYD_CLIPBOARD``, else ``clipboard`` of the file, else not.

    Raises:
        CliError: it says something else.
    """
    text, source = chosen or os.environ.get(CLIPBOARD_VARIABLE), f"${CLIPBOARD_VARIABLE}"
    if text is None:
        path = config_path()
        text, source = _read_cli_option(path, "clipboard"), f"{path}: [cli] clipboard"
    if text not in (None, *CLIPBOARD_CHOICES):
        raise CliError(ExitCode.USAGE, f"{source}: {text!r} is neither of {' and '.join(CLIPBOARD_CHOICES)}")
    return text == "allow"


def config_path() -> Path:
    """The file that the daemon reads too."""
    import platformdirs  # noqa: PLC0415 - only attaching needs it

    return platformdirs.user_config_path("ptyd") / "config.toml"


def _read_cli_option(path: Path, name: str) -> str | None:
    try:
        value = tomllib.loads(path.read_text()).get("cli", {}).get(name)
    except FileNotFoundError:
        return None
    except (OSError, tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise CliError(ExitCode.USAGE, f"{path}: {error}") from None
    if value is not None and not isinstance(value, str):
        raise CliError(ExitCode.USAGE, f"{path}: [cli] {name} is a text")
    return value
