"""The page in a real browser: no request, no dialog, no script of others, readable in light and dark."""

from __future__ import annotations

import dataclasses
import json
import os
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from fivesigma.report.page import page
from fivesigma.report.plot import Plot, drawing
from fivesigma.report.section import Content, Section
from fivesigma.report.sections import SECTIONS
from tests.report import fixture as made

CHROMIUM = Path(os.environ.get("CHROMIUM", "/usr/bin/chromium"))
FLAGS = (
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
)
HARM = "window.__x=1"
PAYLOADS = (
    f"<script>{HARM}</script>",
    f"</script><script>{HARM}</script>",
    f"</style><script>{HARM}</script>",
    f"</title><script>{HARM}</script>",
    f"</text></svg><script>{HARM}</script>",
    f"--><script>{HARM}</script>",
    f"]]><script>{HARM}</script>",
    f"<img src=x onerror={HARM}>",
    f'"><img src=x onerror={HARM}>',
    f"'><img src=x onerror={HARM}>",
    f"<svg onload={HARM}>",
    f"<svg><animate onbegin={HARM} attributeName=x dur=1s>",
    f"<svg><a xlink:href='javascript:{HARM}'><rect width=99 height=99 /></a>",
    f"<body onload={HARM}>",
    f"<input autofocus onfocus={HARM}>",
    f'" autofocus tabindex=1 onfocus={HARM} x="',
    f"' onmouseover={HARM} x='",
    f"<details open ontoggle={HARM}>",
    f"<video><source onerror={HARM}></video>",
    f"<iframe srcdoc='<script>parent.{HARM}</script>'></iframe>",
    f"<iframe src='javascript:parent.{HARM}'></iframe>",
    f"<object data='data:text/html,<script>{HARM}</script>'></object>",
    f"<math><mtext><script>{HARM}</script></mtext></math>",
    f"javascript:{HARM}",
    f"<a href='javascript:{HARM}'>a</a>",
    "<link rel=stylesheet href=http://example.com/x.css>",
    "<style>@import url(http://example.com/x.css)</style>",
    "<img src=http://example.com/x.png>",
    "<meta http-equiv=refresh content='0;url=http://example.com/'>",
    f"{{{{ ''.__class__ }}}}<script>{HARM}</script>",
    f"\\u003cscript>{HARM}\\u003c/script>",
    "<script>alert(1)</script><script>x</script>",
)


pytestmark = pytest.mark.browser


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    playwright = pytest.importorskip("playwright.sync_api", reason="BROWSER TESTS DID NOT RUN: no playwright")
    if not CHROMIUM.exists():
        pytest.skip(f"BROWSER TESTS DID NOT RUN: {CHROMIUM} is absent (Debian: apt-get install chromium)")
    with playwright.sync_playwright() as driver:
        chromium = driver.chromium.launch(executable_path=str(CHROMIUM), args=list(FLAGS))
        yield chromium
        chromium.close()


class Visit:
    """A page opened from a file; what it asked for and what it said is kept."""

    def __init__(self, browser: Any, path: Path, **options: Any) -> None:
        self.requests: list[str] = []
        self.dialogs: list[str] = []
        self.complaints: list[str] = []
        self.page = browser.new_context(**options).new_page()
        self.page.on("request", lambda request: self.requests.append(request.url))
        self.page.on("dialog", lambda dialog: (self.dialogs.append(dialog.message), dialog.dismiss()))
        self.page.on("console", lambda message: self.complaints.append(message.text))
        self.page.on("pageerror", lambda error: self.complaints.append(str(error)))
        self.page.goto(path.as_uri())

    def asked_for(self) -> list[str]:
        return [url for url in self.requests[1:] if not url.startswith("data:")]

    def close(self) -> None:
        self.page.context.close()


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    folder = tmp_path_factory.mktemp("pages")
    studies = {"binary": made.binary(4, 6, 200), "regression": made.regression(200)}
    found = {}
    for name, results in studies.items():
        found[name] = folder / f"{name}.html"
        found[name].write_text(page(results, made.MANIFEST).html, encoding="utf-8")
    return found


def _words_only() -> tuple[Section, ...]:
    """Every section as it is, without its figures; these have a test of their own."""

    def bare(section: Section) -> Section:
        return dataclasses.replace(section, content=lambda view: Content(section.content(view).context))

    return tuple(bare(section) for section in SECTIONS)


def _unharmed(browser: Any, path: Path, what: str) -> None:
    visit = Visit(browser, path)
    visit.page.mouse.move(400, 300)
    visit.page.keyboard.press("Tab")
    harm = "[window.__x, document.querySelectorAll('script:not(body > script), iframe, img, object').length]"
    assert visit.page.evaluate(harm) == [None, 0], what
    assert (visit.asked_for(), visit.dialogs) == ([], []), what
    assert visit.page.url == path.as_uri()
    visit.close()


def _without_policy(html: str) -> str:
    """Return the page without its content-security policy: escaping alone must hold."""
    found, times = re.subn(r"<meta http-equiv[^>]*>", "", html)
    assert times == 1
    return found


def test_no_name_becomes_a_script_a_request_or_a_dialog(browser: Any, tmp_path: Path) -> None:
    sections = _words_only()
    for number, payload in enumerate(PAYLOADS):
        results, manifest = made.poisoned(payload)
        path = tmp_path / f"{number}.html"
        path.write_text(_without_policy(page(results, manifest, sections).html), encoding="utf-8")
        _unharmed(browser, path, payload)


def test_no_name_in_a_figure_becomes_a_script_a_request_or_a_dialog(browser: Any, tmp_path: Path) -> None:
    drawn = []
    for number, payload in enumerate(PAYLOADS):

        def words(figure: Any, payload: str = payload) -> None:
            figure.text(0.0, 0.1, payload)
            axes = figure.subplots()
            axes.plot([0, 1], label=payload)
            axes.set_xticks([0, 1], [payload, payload])
            axes.legend(title=payload)

        plot = Plot(f"p{number}", payload, payload, payload, (4.0, 2.0), words, (payload,), [(payload,)])
        drawn.append(drawing(plot).inline)
    path = tmp_path / "figures.html"
    path.write_text(f"<!DOCTYPE html><title>x</title>{''.join(drawn)}", encoding="utf-8")
    _unharmed(browser, path, "figures")


def test_a_script_that_slipped_in_would_be_refused(
    browser: Any, files: dict[str, Path], tmp_path: Path
) -> None:
    html = files["binary"].read_text(encoding="utf-8")
    path = tmp_path / "hurt.html"
    extra = f"<script>{HARM}</script><img src=http://example.com/x.png onerror={HARM}>"
    path.write_text(html.replace("</main>", f"{extra}</main>"), encoding="utf-8")
    visit = Visit(browser, path)
    assert visit.page.evaluate("window.__x") is None
    assert any("Content Security Policy" in text for text in visit.complaints)
    visit.close()


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [360, 1200])
def test_it_asks_for_nothing_and_fits_the_window(
    browser: Any, files: dict[str, Path], scheme: str, width: int
) -> None:
    for path in files.values():
        visit = Visit(browser, path, color_scheme=scheme, viewport={"width": width, "height": 900})
        assert visit.page.evaluate("document.documentElement.scrollWidth") <= width
        assert (visit.asked_for(), visit.dialogs, visit.complaints) == ([], [], [])
        visit.close()


CONTRAST = """() => {
  const canvas = document.createElement('canvas').getContext('2d', {willReadFrequently: true});
  const rgb = c => { canvas.clearRect(0, 0, 1, 1); canvas.fillStyle = c; canvas.fillRect(0, 0, 1, 1);
                     return Array.from(canvas.getImageData(0, 0, 1, 1).data); };
  const linear = v => v <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4;
  const lum = c => [0.2126, 0.7152, 0.0722].reduce((s, share, i) => s + share * linear(c[i] / 255), 0);
  const ground = e => {
    for (; e; e = e.parentElement) {
      const c = rgb(getComputedStyle(e).backgroundColor);
      if (c[3] === 255) return c;
    }
    return [255, 255, 255, 255];
  };
  const low = [];
  const words = 'p, h1, h2, td, th, dt, dd, small, figcaption, span, a, summary, li, text';
  for (const e of document.querySelectorAll(words)) {
    if (!e.textContent.trim() || e.closest('.skip')) continue;
    const style = getComputedStyle(e);
    const [a, b] = [lum(rgb(e.tagName === 'text' ? style.fill : style.color)), lum(ground(e))];
    const ratio = (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05);
    if (ratio < (e.tagName === 'text' ? 3 : 4.5)) low.push([e.tagName, e.textContent.slice(0, 40), ratio]);
  }
  return low;
}"""


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_every_word_can_be_read(browser: Any, files: dict[str, Path], scheme: str) -> None:
    for path in files.values():
        visit = Visit(browser, path, color_scheme=scheme)
        assert visit.page.evaluate(CONTRAST) == []
        visit.close()


def test_the_leaderboard_sorts_by_keyboard_and_says_so(browser: Any, files: dict[str, Path]) -> None:
    visit = Visit(browser, files["binary"])
    head = visit.page.locator("#leaderboard table.sortable th[data-sort]").nth(0)
    names = visit.page.locator("#leaderboard table.sortable tbody th bdi")
    before = names.all_inner_texts()
    head.locator("button").focus()
    visit.page.keyboard.press("Enter")
    assert head.get_attribute("aria-sort") == "ascending"
    assert names.all_inner_texts() == sorted(before, key=str.lower)
    visit.page.keyboard.press("Enter")
    assert head.get_attribute("aria-sort") == "descending"
    assert names.all_inner_texts() == sorted(before, key=str.lower, reverse=True)
    visit.close()


def test_without_script_everything_is_there(browser: Any, files: dict[str, Path]) -> None:
    visit = Visit(browser, files["binary"], java_script_enabled=False)
    assert visit.page.locator("svg[role=img]").count() >= 6
    assert visit.page.locator("#leaderboard tbody tr").count() >= 4
    assert visit.page.locator("thead button").count() == 0
    visit.close()


def test_its_numbers_can_be_saved_without_script_and_without_asking(
    browser: Any, files: dict[str, Path]
) -> None:
    visit = Visit(browser, files["binary"], java_script_enabled=False, accept_downloads=True)
    links = visit.page.locator("a[download]")
    for place in (0, links.count() - 1):
        with visit.page.expect_download() as saved:
            links.nth(place).click()
        content = Path(saved.value.path()).read_text(encoding="utf-8")
        name = saved.value.suggested_filename
        assert json.loads(content)["schema"] if name == "results.json" else content.count("\n") > 3, name
    assert name == "results.json"
    assert (visit.asked_for(), visit.complaints) == ([], [])
    assert visit.page.url == files["binary"].as_uri()
    visit.close()


def test_the_keyboard_finds_the_skip_link_first(browser: Any, files: dict[str, Path]) -> None:
    visit = Visit(browser, files["binary"])
    visit.page.keyboard.press("Tab")
    assert visit.page.evaluate("document.activeElement.className") == "skip"
    assert visit.page.evaluate("document.activeElement.getBoundingClientRect().left") >= 0
    visit.page.keyboard.press("Enter")
    assert visit.page.evaluate("document.activeElement.id") == "main"
    visit.close()


def test_no_words_of_a_figure_fall_outside_it(browser: Any, files: dict[str, Path]) -> None:
    script = """() => Array.from(document.querySelectorAll('figure svg')).flatMap(svg => {
      const box = svg.getBoundingClientRect();
      return Array.from(svg.querySelectorAll('text')).filter(t => { const b = t.getBoundingClientRect();
        return b.width && (b.left < box.left - 2 || b.right > box.right + 2 || b.top < box.top - 2
                           || b.bottom > box.bottom + 2); }).map(t => t.textContent); })"""
    for path in files.values():
        visit = Visit(browser, path, viewport={"width": 1200, "height": 900})
        assert visit.page.evaluate(script) == []
        visit.close()


def test_it_prints(browser: Any, files: dict[str, Path]) -> None:
    visit = Visit(browser, files["binary"], color_scheme="dark")
    visit.page.emulate_media(media="print", color_scheme="dark")
    assert visit.page.evaluate("getComputedStyle(document.body).backgroundColor") == "rgb(255, 255, 255)"
    assert visit.page.pdf(format="A4").startswith(b"%PDF")
    visit.close()
