"""Which of a user's environment variables a session inherits. A list of what may, not of what may not.

A client that creates a session sends these with ``create``; the daemon adds the session's own on top (``PTYD=1``,
``PTYD_SESSION``, ``PTYD_SOCKET``, ``TERM``, ``COLORTERM``).
"""

from collections.abc import Mapping

_ALLOWED = frozenset(
    {
        # who and where
        *("PATH", "HOME", "USER", "LOGNAME", "SHELL", "TMPDIR", "TZ", "LANG", "LANGUAGE"),
        # tools that programs start for the user
        *("EDITOR", "VISUAL", "PAGER", "MANPAGER", "LESS", "LESSCHARSET", "BROWSER"),
        # looks
        *("COLORFGBG", "NO_COLOR", "FORCE_COLOR", "CLICOLOR", "CLICOLOR_FORCE", "LS_COLORS"),
        # the user's agents and displays: sockets that belong to the login, not to one terminal
        *("SSH_AUTH_SOCK", "DISPLAY", "WAYLAND_DISPLAY", "XAUTHORITY", "DBUS_SESSION_BUS_ADDRESS"),
        # the network as it is here
        *("HTTP_PROXY", "HTTPS_PROXY", "FTP_PROXY", "ALL_PROXY", "NO_PROXY"),
        *("http_proxy", "https_proxy", "ftp_proxy", "all_proxy", "no_proxy"),
        *("SSL_CERT_FILE", "SSL_CERT_DIR", "NODE_EXTRA_CA_CERTS"),
        # where toolchains live, as PATH alone does not make them work
        *("VIRTUAL_ENV", "CARGO_HOME", "RUSTUP_HOME", "GOPATH", "JAVA_HOME", "NVM_DIR", "PYENV_ROOT"),
        *("GIT_EDITOR", "GIT_SEQUENCE_EDITOR", "GIT_PAGER", "GIT_SSH", "GIT_SSH_COMMAND"),
    }
)
_ALLOWED_PREFIXES = ("LC_", "XDG_", "GIT_AUTHOR_", "GIT_COMMITTER_")

_CLAUDE = frozenset(
    {
        *("CLAUDE_CONFIG_DIR", "API_TIMEOUT_MS", "MAX_THINKING_TOKENS", "BASH_DEFAULT_TIMEOUT_MS"),
        *(
            "DISABLE_AUTOUPDATER",
            "DISABLE_TELEMETRY",
            "DISABLE_ERROR_REPORTING",
            "MCP_TIMEOUT",
            "IS_SANDBOX",
        ),
        *("AWS_PROFILE", "AWS_REGION", "CLOUD_ML_REGION", "GOOGLE_APPLICATION_CREDENTIALS"),
    }
)
_CLAUDE_PREFIXES = ("ANTHROPIC_",)
_ALLOWED_BY_KIND: Mapping[str, frozenset[str]] = {"claude": _CLAUDE, "run": _CLAUDE}
_ALLOWED_PREFIXES_BY_KIND: Mapping[str, tuple[str, ...]] = {"claude": _CLAUDE_PREFIXES, "run": _CLAUDE_PREFIXES}

_NEVER_PREFIXES = (
    # Claude Code's marks on its own children: a session that inherits them believes it is one, and keeps no
    # transcript.
    *("CLAUDECODE", "CLAUDE_CODE_", "CLAUDE_PID", "AI_AGENT"),
    # Other multiplexers', and our own: the session is in none of them, and in another one of ours.
    *("TMUX", "ZELLIJ", "STY", "PTYD"),
    # Of one login on one seat, not of the user.
    *("XDG_SESSION", "XDG_SEAT", "XDG_VTNR"),
)


def is_inherited(name: str, kind: str = "command") -> bool:
    """Whether a session of ``kind`` takes variable ``name`` over from the user who creates it."""
    if name.startswith(_NEVER_PREFIXES):
        return False
    if name in _ALLOWED or name in _ALLOWED_BY_KIND.get(kind, frozenset()):
        return True
    return name.startswith(_ALLOWED_PREFIXES + _ALLOWED_PREFIXES_BY_KIND.get(kind, ()))


def inherited_environment(environment: Mapping[str, str], kind: str = "command") -> dict[str, str]:
    """The part of ``environment`` that a session of ``kind`` ("command", "claude", "run") inherits."""
    return {name: value for name, value in environment.items() if is_inherited(name, kind)}
