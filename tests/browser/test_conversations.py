"""The page of conversations: what they cost, all of them, a search; on a phone, too."""

from collections.abc import Iterator
from datetime import datetime
from pathlib import Path

import pytest
from playwright.sync_api import Browser, expect

from tests.browser.accessible import check_accessible
from tests.browser.page import WebPage
from tests.support.daemon import PtydUnderTest, running_ptyd
from tests.support.transcripts import Talk

DAY_SECONDS = 86_400
NARROW = 360


@pytest.fixture
def talks(daemon: PtydUnderTest) -> list[Talk]:
    """Three conversations in two directories, on three days; what the first two cost is known."""
    now = datetime.now().timestamp()
    config_dir = Path(daemon.env["HOME"]) / ".claude"
    long_word = "A" * 300
    talks = [
        Talk(cwd="/home/ada/a-repository", at=now - 2 * DAY_SECONDS),
        Talk(cwd="/home/ada/another/one/with/a/rather/long/name/" + "x" * 60, at=now - DAY_SECONDS),
        Talk(cwd="/home/ada/a-repository", at=now - 60),
    ]
    prompts = ("mend the tests", f"a title that is too long {long_word}", "find <b>the needle</b> & the hay")
    for talk, prompt, cost in zip(talks, prompts, (0.5, 1.25, None), strict=True):
        lines = [talk.prompt(prompt), talk.answer("I found the Needle. <script>alert(1)</script>")]
        talk.write(config_dir, [*lines, *([talk.cost(cost)] if cost is not None else [])])
    return talks


@pytest.fixture(params=[1280, NARROW])
def page(request: pytest.FixtureRequest, browser: Browser, daemon: PtydUnderTest) -> Iterator[WebPage]:
    width: int = request.param
    is_narrow = width == NARROW
    context = browser.new_context(
        viewport={"width": width, "height": 780},
        has_touch=is_narrow,
        color_scheme="light" if is_narrow else "dark",
    )
    page = WebPage(context.new_page())
    page.page.on("console", lambda message: page.errors.append(message.text) if message.type == "error" else None)
    page.log_in(daemon)
    if is_narrow:
        page.find("menu").tap()
    page.find("show-conversations").click()
    yield page
    assert page.errors == []
    context.close()


def test_costs_list_and_search(talks: list[Talk], page: WebPage, tmp_path: Path) -> None:
    expect(page.find("conversation")).to_have_count(3)
    expect(page.find("conversation").first.locator("h3")).to_have_text("find <b>the needle</b> & the hay")
    expect(page.find("cost-by-day").locator("rect")).to_have_count(3)
    expect(page.find("cost-by-day")).to_have_attribute("role", "img")
    expect(page.find("cost-by-directory").locator("li").first).to_contain_text("$1.25")
    expect(page.find("cost-total")).to_contain_text("in 3 conversations; what has a ~ is estimated")
    check_accessible(page.page)
    assert page.evaluate("document.querySelector('.conversations-body').scrollWidth <= innerWidth")

    page.find("conversations-search").fill("THE NEEDLE")
    marks = page.page.locator(".excerpt mark")
    expect(marks.first).to_have_text("the needle")
    expect(page.find("conversation")).to_have_count(3)
    check_accessible(page.page)
    page.find("conversations-search").fill("mend the")
    expect(page.find("conversation")).to_have_count(1)
    page.find("conversations-search").fill("nobody said this")
    expect(page.find("conversations-note")).to_have_text("Nothing found.")
    page.find("conversations-search").fill("")
    expect(page.find("conversation")).to_have_count(3)

    with page.page.expect_download() as saved:
        page.find("conversation-save").first.click()
    assert saved.value.suggested_filename == "find-b-the-needle-b-the-hay.html"
    saved.value.save_as(tmp_path / "saved.html")
    text = (tmp_path / "saved.html").read_text()
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in text and "<script>" not in text


def test_what_cannot_be_resumed_says_why(talks: list[Talk], page: WebPage) -> None:
    expect(page.find("conversation")).to_have_count(3)
    page.find("conversation-fork").first.click()
    expect(page.find("conversations-error")).to_contain_text("no such directory: /home/ada/a-repository")
    check_accessible(page.page)
    page.page.keyboard.press("Escape")
    expect(page.find("conversations")).to_have_count(0)


def test_resume_opens_the_new_session(browser: Browser, tmp_path: Path) -> None:
    """With a program that says what it was started with."""
    program = tmp_path / "claude"
    program.write_text('#!/bin/sh\npwd; echo "<$*>"; exec cat\n')
    program.chmod(0o755)
    with running_ptyd(PATH=f"{tmp_path}:/usr/bin:/bin") as daemon:
        daemon.request("listen")
        talk = Talk(cwd=str(tmp_path))
        talk.write(Path(daemon.env["HOME"]) / ".claude", [talk.prompt("hello"), talk.answer("hi")])
        with browser.new_context() as context:
            page = WebPage(context.new_page())
            page.log_in(daemon)
            page.find("show-conversations").click()
            page.find("conversation-resume").click()
            page.wait_for_phase("live")
            page.wait_for_text(f" --resume {talk.id}>")
            page.wait_for_text(str(tmp_path))
            expect(page.find("conversations")).to_have_count(0)
            page.find("show-conversations").click()
            page.find("conversation-open").click()
            expect(page.find("conversations")).to_have_count(0)
