"""axe-core's rules for WCAG 2.2 AA on what a page shows now."""

from pathlib import Path
from typing import Any

from playwright.sync_api import Page

AXE = Path(__file__).resolve().parents[2] / "clients" / "web" / "node_modules" / "axe-core" / "axe.min.js"

RUN = """async (context) => {
    const results = await axe.run(context ?? document, {
        runOnly: ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"],
    });
    return results.violations.map(({id, nodes}) => [id, nodes.map((node) => node.html + " " + node.failureSummary)]);
}"""


def check_accessible(page: Page) -> None:
    """No violation, and nothing wider than the screen. The terminal itself is xterm.js's own."""
    page.evaluate("document.getAnimations().forEach((animation) => animation.finish())")
    if not page.evaluate("'axe' in window"):
        page.evaluate(AXE.read_text())  # not as an element, which the page's policy forbids
    found: list[Any] = page.evaluate(RUN, {"exclude": [[".xterm"]]})
    assert found == [], "\n".join(map(str, found))
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
