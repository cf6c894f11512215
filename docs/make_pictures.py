"""Makes the pictures of the README from the real thing: ``python -m docs.make_pictures``.

A private ptyd runs the real Claude Code (against the scripted API of the tests), vim and htop. ``web.png`` is the web
client in headless Chromium; ``terminal.png`` is what ``ptyd`` wrote into two real terminals, drawn cell by cell;
``inbox.png`` is the web client on a phone, while two programs wait for an answer.
"""

import html
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from playwright.sync_api import Browser, Page, ViewportSize, sync_playwright

from tests.support import chromium
from tests.support.claude import HermeticClaude, make_hermetic_claude
from tests.support.daemon import PTYD_COMMAND, PtydUnderTest, running_ptyd
from tests.support.fake_messages_api import FakeMessagesApi, ToolUse
from tests.support.screen import XtermScreen
from tests.support.terminal import RealTerminal
from tests.support.waiting import wait_until

ROOT = Path(__file__).resolve().parent.parent
IMAGES = ROOT / "docs" / "images"
MAX_PICTURE_BYTES = 300_000
WEB_SIZE: ViewportSize = {"width": 1200, "height": 720}
PHONE_SIZE: ViewportSize = {"width": 360, "height": 760}
COLS, ROWS = 90, 28
DETACH_KEYS = "\x1cd"
PROMPT_OF_BASH = r"\[\e[1;32m\]\w\[\e[0m\] $ "
FOREGROUND, BACKGROUND = "#d8dee4", "#15181c"
COLOURS = {
    "black": "#2a2f36",
    "red": "#e5786d",
    "green": "#8ac26b",
    "brown": "#d9b45f",
    "blue": "#6d9fe5",
    "magenta": "#c08ad8",
    "cyan": "#62bfc4",
    "white": "#c5ccd3",
    "brightblack": "#6b747e",
    "brightgreen": "#9fd67f",
}
STYLE = f"""
body {{ margin: 0 }}
main {{ display: inline-flex; gap: 14px; padding: 14px; background: #2b3139 }}
section {{ border-radius: 8px; overflow: hidden; background: {BACKGROUND} }}
h1 {{ margin: 0; padding: 6px 12px; font: 12px sans-serif; color: #aab2bb; background: #20252b }}
pre {{ margin: 8px 12px 12px; font: 12px/16px "DejaVu Sans Mono", monospace; color: {FOREGROUND} }}
"""

PROMPT = "why does the login page log people out after a minute?"
ANSWER = """\
The session cookie is the reason. `create_session` sets `max_age=60`, which browsers take as seconds; \
the settings mean minutes.

Two places are concerned:

1. `auth/session.py` passes `SESSION_MINUTES` on without a unit.
2. `auth/middleware.py` renews the cookie with the same value, so that an active user is logged out too.

I would convert once, where the setting is read:

```python
SESSION_SECONDS = settings.session_minutes * 60
```

and name the unit in both places.
"""
LAST_WORDS = "name the unit in both"
EDIT_PROMPT = "fix it"
PUSH_PROMPT = "publish the branch"
PUSH = ToolUse("Bash", {"command": "git push origin fix-logout", "description": "Publish the branch"})
VIM_TEXT = "def max_age(settings):\n    return settings.session_minutes * 60\n"


@dataclass(frozen=True)
class Scene:
    """What the pictures show: a ptyd, and Claude Code in the middle of an answer in the session ``fix-login``."""

    ptyd: PtydUnderTest
    claude: HermeticClaude
    api: FakeMessagesApi


def main() -> None:
    IMAGES.mkdir(exist_ok=True)
    with set_scene() as scene, sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium.find_chromium(), args=chromium.FLAGS)
        picture_terminal(scene, browser)
        picture_web(scene, browser)
        picture_inbox(scene, browser)
        browser.close()
    for path in (IMAGES / "web.png", IMAGES / "terminal.png", IMAGES / "inbox.png"):
        size = path.stat().st_size
        print(f"{path.relative_to(ROOT)}: {size} bytes")
        if size > MAX_PICTURE_BYTES:
            raise SystemExit(f"{path.name} is larger than {MAX_PICTURE_BYTES} bytes")


@contextmanager
def set_scene() -> Iterator[Scene]:
    with (
        tempfile.TemporaryDirectory(prefix="pic-", dir="/tmp", ignore_cleanup_errors=True) as place,
        FakeMessagesApi() as api,
    ):
        claude = make_hermetic_claude(Path(place), api.url, project="home/shop")
        api.script(PROMPT, [ANSWER, api.gate()])
        path = f"{Path(PTYD_COMMAND).parent}:{claude.env['PATH']}"
        with running_ptyd(HOME=str(claude.home), PATH=path) as ptyd:
            yield Scene(ptyd, claude, api)


def picture_terminal(scene: Scene, browser: Browser) -> None:
    """One terminal in which a user comes, asks and goes; another that is attached all the while."""
    ptyd, claude = scene.ptyd, scene.claude
    start_sessions(ptyd, claude)
    shell_env = {**ptyd.env, "PS1": PROMPT_OF_BASH}
    bash = ["bash", "--norc", "--noprofile"]
    attach = [PTYD_COMMAND, "attach", "fix-login"]
    with (
        RealTerminal(bash, shell_env, cwd=claude.cwd, cols=COLS, rows=ROWS) as shell,
        RealTerminal(attach, ptyd.env, cols=COLS, rows=ROWS) as attached,
    ):
        wait_until(lambda: claude.read_status() == "idle", what=attached.text)
        shell.type("ptyd attach fix\r")
        shell.wait_for_text("Claude Code")
        shell.type(f"{PROMPT}\r")
        shell.wait_for_text(LAST_WORDS)
        shell.type(DETACH_KEYS)
        for command in ("ptyd", "ptyd send load q && ptyd wait load --exit; echo $?", "ptyd status"):
            wait_for_prompt(shell)
            shell.type(f"{command}\r")
            shell.wait_for_text(f"$ {command}\n")
        wait_for_prompt(shell)
        attached.wait_for_text(LAST_WORDS)
        draw_terminals(browser, [("bash", shell.screen), ("ptyd attach fix-login", attached.screen)])


def wait_for_prompt(shell: RealTerminal) -> None:
    shell.wait_for(lambda screen: screen.text().endswith("~/shop $"), "the prompt")


def picture_web(scene: Scene, browser: Browser) -> None:
    """The web client with Claude Code open. At one device pixel a pixel: Chromium's emulated other factors do not reach
    WebGL's canvas."""
    scene.ptyd.request("listen")
    context = browser.new_context(viewport=WEB_SIZE, color_scheme="dark")
    page = context.new_page()
    page.goto(scene.ptyd.request("login_ticket")["url"])
    page.get_by_test_id("session").filter(has_text="fix-login").click()
    wait_until(lambda: LAST_WORDS in page.evaluate("window.ptyd.readText()"), what="the answer in the web client")
    save_picture(page, "web.png")
    context.close()


def picture_inbox(scene: Scene, browser: Browser) -> None:
    """Two more sessions of Claude Code, one of which wants to edit a file and one to run a command."""
    ptyd, claude, api = scene.ptyd, scene.claude, scene.api
    file = claude.cwd / "session.py"
    file.write_text(VIM_TEXT)
    edit = {"file_path": str(file), "old_string": "settings.session_minutes * 60", "new_string": "SESSION_SECONDS"}
    api.script(EDIT_PROMPT, [ToolUse("Read", {"file_path": str(file)})], [ToolUse("Edit", edit)], ["Done."])
    api.script(PUSH_PROMPT, [PUSH], ["Done."])
    for number, (name, prompt) in enumerate((("shop", EDIT_PROMPT), ("release", PUSH_PROMPT)), 1):
        ptyd.request(
            "create", argv=claude.argv, cwd=str(claude.cwd), env=claude.env, kind="claude", name=name, cols=100, rows=40
        )
        ptyd.request("wait_state", session=name, states=["idle"], timeout_seconds=30)
        ptyd.request("send", session=name, data=f"{prompt}\r".encode())
        wait_until(partial(has_asked, ptyd, number), 30, f"{name} to ask")
    context = browser.new_context(
        viewport=PHONE_SIZE, color_scheme="dark", has_touch=True, is_mobile=True, device_scale_factor=2
    )
    page = context.new_page()
    page.goto(ptyd.request("login_ticket")["url"])
    page.get_by_test_id("inbox-open").tap()
    page.get_by_test_id("approval-diff").wait_for()
    save_picture(page, "inbox.png")
    context.close()


def has_asked(ptyd: PtydUnderTest, count: int) -> bool:
    return len(ptyd.request("approvals")) == count


def start_sessions(ptyd: PtydUnderTest, claude: HermeticClaude) -> None:
    (claude.cwd / "session.py").write_text(VIM_TEXT)
    folder = ["-c", str(claude.cwd)]
    ptyd.cli("new", "-d", "-n", "edit", *folder, "--", "vim", "-u", "NONE", "-N", "session.py", check=True)
    ptyd.cli("new", "-d", "-n", "load", *folder, "--", "htop", check=True)
    settings = [word for name, value in claude.env.items() for word in ("-e", f"{name}={value}")]
    # As ``ptyd claude`` does it, but with the short name of the program in the lists.
    ptyd.cli("new", "-d", "-n", "fix-login", *folder, *settings, "--", "claude", *claude.argv[1:], check=True)


def draw_terminals(browser: Browser, terminals: list[tuple[str, XtermScreen]]) -> None:
    windows = "".join(
        f"<section><h1>{html.escape(title)}</h1><pre>{draw_screen(screen)}</pre></section>"
        for title, screen in terminals
    )
    page = browser.new_page(device_scale_factor=1.5)
    page.set_content(f"<!doctype html><meta charset=utf-8><style>{STYLE}</style><main>{windows}</main>")
    save_picture(page, "terminal.png", "main")


def draw_screen(screen: XtermScreen) -> str:
    """The cells as HTML, with their colours; the cursor where it is visible."""
    cursor = screen.cursor if 25 in screen.modes else None
    lines = []
    for y, row in enumerate(screen.cells()):
        line = ""
        for x, cell in enumerate(row):
            if cell.data == "":  # the second half of a wide character
                continue
            line += draw_cell(cell, is_cursor=(x, y) == cursor)
        lines.append(line)
    return "\n".join(lines)


def draw_cell(cell: Any, is_cursor: bool) -> str:
    foreground = name_colour(cell.fg, FOREGROUND, cell.bold)
    background = name_colour(cell.bg, BACKGROUND, False)
    if cell.reverse != is_cursor:
        foreground, background = background, foreground
    style = f"color:{foreground};background:{background}"
    if cell.bold:
        style += ";font-weight:bold"
    return f'<span style="{style}">{html.escape(cell.data)}</span>'


def name_colour(name: str, default: str, is_bold: bool) -> str:
    """pyte says ``default``, the name of one of the sixteen, or six hexadecimal digits."""
    if name == "default":
        return default
    return COLOURS.get(f"bright{name}" if is_bold else name) or COLOURS.get(name) or f"#{name}"


def save_picture(page: Page, name: str, selector: str | None = None) -> None:
    path = str(IMAGES / name)
    if selector is None:
        page.screenshot(path=path)
    else:
        page.locator(selector).screenshot(path=path)


if __name__ == "__main__":
    main()
