"""Accessibility: contrast, names of controls, order and visibility of the focus, reduced motion."""

import re
from collections.abc import Iterator, Mapping
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from tests.studio.chromium import Browser, find_browser
from tests.studio.servers import Server

STYLE = Path(__file__).parents[2] / "src" / "bodydouble" / "studio" / "static" / "style.css"
MIN_TEXT_CONTRAST, MIN_CONTROL_CONTRAST = 4.5, 3.0
TEXT_PAIRS = (
    ("ink", "ground"), ("ink", "surface"), ("ink", "raised"), ("ink", "tint"), ("ink", "stage"), ("faint", "ground"),
    ("faint", "surface"), ("faint", "stage"), ("accent-strong", "surface"), ("accent-strong", "tint"),
    ("on-accent", "accent"), ("on-accent", "accent-strong"), ("bad", "surface"), ("bad", "ground"), ("on-bad", "bad"),
    ("good", "surface"), ("ground", "ink"),
)  # fmt: skip
"""Colours of text and of what is behind it."""
CONTROL_PAIRS = (("accent", "surface"), ("accent", "ground"), ("control", "surface"), ("control", "ground"))
in_browser = pytest.mark.skipif(find_browser() is None, reason="Chromium is not installed: apt-get install chromium")
CONTRASTS = """
(() => {
  const parse = (text) => { const v = text.match(/[\\d.]+/g).map(Number); return [...v.slice(0, 3), v[3] ?? 1]; };
  const light = ([r, g, b]) => [r, g, b].map((v) => v / 255)
    .map((v) => (v <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4))
    .reduce((sum, v, k) => sum + v * [0.2126, 0.7152, 0.0722][k], 0);
  const found = [];
  const root = document.querySelector("dialog[open]") ?? document.body;
  const walker = document.createTreeWalker(root, NodeFilter.SHOW_TEXT);
  while (walker.nextNode()) {
    const element = walker.currentNode.parentElement;
    if (!walker.currentNode.textContent.trim() || !element.checkVisibility({ opacityProperty: true })) continue;
    if (element.closest(".poster, .hidden, noscript, select, button:disabled")) continue;
    let behind = element;
    while (behind && parse(getComputedStyle(behind).backgroundColor)[3] < 1) behind = behind.parentElement;
    const colors = [getComputedStyle(element).color, getComputedStyle(behind ?? document.body).backgroundColor];
    const [a, b] = colors.map(parse).map(light);
    const ratio = (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05);
    found.push([Math.round(100 * ratio) / 100, element.outerHTML.slice(0, 120)]);
  }
  return found;
})()
"""
FOCUS = """
(() => {
  const element = document.activeElement;
  const shown = element.matches("input[type=checkbox]") ? element.nextElementSibling : element;
  const style = getComputedStyle(shown);
  const box = shown.getBoundingClientRect();
  const all = [...document.querySelectorAll("*")];
  return { tag: element.tagName, index: all.indexOf(element), html: element.outerHTML.slice(0, 120), width: box.width,
    outline: style.outlineStyle === "none" ? 0 : parseFloat(style.outlineWidth) };
})()
"""


def read_colors(block: str) -> dict[str, str]:
    """Returns the colours of a block of CSS by name."""
    return dict(re.findall(r"--([\w-]+): (#[0-9a-f]{6})", block))


def read_themes() -> dict[str, dict[str, str]]:
    """Returns the colours of the themes: light, dark by the system, dark by choice."""
    text = STYLE.read_text(encoding="utf-8")
    selectors = {
        "light": r"\n:root \{(.*?)\}",
        "system": r':root:not\(\[data-theme="light"\]\) \{(.*?)\}',
        "dark": r'\n:root\[data-theme="dark"\] \{(.*?)\}',
    }
    found = {}
    for name, pattern in selectors.items():
        block = re.search(pattern, text, re.DOTALL)
        assert block is not None, name
        found[name] = read_colors(block[1])
    return found


def compute_contrast(first: str, second: str) -> float:
    """Returns the contrast of two colours, 1 to 21. Source: https://www.w3.org/TR/WCAG22/#dfn-contrast-ratio"""
    light, dark = sorted((compute_luminance(first), compute_luminance(second)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


def compute_luminance(color: str) -> float:
    """Returns the relative luminance of a colour such as "#1d1a29", 0 to 1."""
    values = [int(color[k : k + 2], 16) / 255 for k in (1, 3, 5)]
    linear = [v / 12.92 if v <= 0.04045 else ((v + 0.055) / 1.055) ** 2.4 for v in values]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def test_contrast_is_that_of_the_definition() -> None:
    assert compute_contrast("#000000", "#ffffff") == pytest.approx(21.0)
    assert compute_contrast("#777777", "#ffffff") == pytest.approx(4.48, abs=0.01)


def test_colors_of_all_themes_have_enough_contrast() -> None:
    themes = read_themes()
    assert themes["system"] == themes["dark"]
    assert set(themes["dark"]) == set(themes["light"])
    for name, colors in themes.items():
        for pairs, minimum in ((TEXT_PAIRS, MIN_TEXT_CONTRAST), (CONTROL_PAIRS, MIN_CONTROL_CONTRAST)):
            for front, behind in pairs:
                assert compute_contrast(colors[front], colors[behind]) >= minimum, (name, front, behind)


@pytest.fixture
def browser(tmp_path: Path) -> Iterator[Browser]:
    with Browser(tmp_path / "profile") as running:
        yield running


def open_views(browser: Browser, server: Server, take_id: str) -> Iterator[str]:
    """Opens the views and dialogs of the page, one after the other, and yields their names."""
    browser.open(server.url)
    browser.wait("document.querySelector('.card.done')")
    yield "library"
    browser.click("[aria-label='Your characters']")
    browser.wait("document.querySelector('dialog .tile')")
    yield "characters"
    browser.evaluate("document.querySelector('dialog').close()")
    browser.open(f"{server.url}/#/take/{take_id}")
    browser.wait("document.querySelector('.pane[data-ready]')", 180)
    yield "take"
    browser.click("button.download")
    browser.wait("document.querySelector('dialog.downloads')")
    yield "downloads"
    browser.evaluate("document.querySelector('dialog').close()")
    browser.click("#help")
    yield "shortcuts"


@pytest.mark.slow
@in_browser
@pytest.mark.parametrize("theme", ["light", "dark"])
def test_text_on_the_page_has_enough_contrast(server: Server, take_id: str, browser: Browser, theme: str) -> None:
    features = [{"name": "prefers-color-scheme", "value": theme}, {"name": "prefers-reduced-motion", "value": "reduce"}]
    browser.send("Emulation.setEmulatedMedia", features=features)
    for view in open_views(browser, server, take_id):
        found = browser.evaluate(CONTRASTS)
        assert len(found) > 5, view
        assert [entry for entry in found if entry[0] < MIN_TEXT_CONTRAST] == [], view


@pytest.mark.slow
@in_browser
def test_all_controls_have_names_and_get_a_visible_focus_in_order(
    server: Server, take_id: str, browser: Browser
) -> None:
    browser.send("Accessibility.enable")
    for view in open_views(browser, server, take_id):
        assert find_nameless(browser) == [], view
        browser.evaluate("(document.querySelector('dialog[open]') ?? document.querySelector('.brand')).focus()")
        visited = [focus for focus in (press_tab(browser) for _ in range(12)) if focus["tag"] != "BODY"]
        assert len(visited) >= 6, view
        assert all(focus["outline"] >= 2 and focus["width"] > 4 for focus in visited), (view, visited)
        steps = [b["index"] - a["index"] for a, b in pairwise(visited)]
        assert sum(step < 0 for step in steps) <= 2, (view, visited)


def press_tab(browser: Browser) -> Mapping[str, Any]:
    """Presses the tab key, and describes what has the focus."""
    for kind in ("keyDown", "keyUp"):
        browser.send("Input.dispatchKeyEvent", type=kind, key="Tab", code="Tab", windowsVirtualKeyCode=9)
    return dict(browser.evaluate(FOCUS))


def find_nameless(browser: Browser) -> list[str]:
    """Returns the roles of controls and pictures that a screen reader cannot name."""
    roles = {"button", "link", "combobox", "slider", "checkbox", "textbox", "image", "dialog", "progressbar", "switch"}
    return [
        str(node["role"]["value"])
        for node in browser.send("Accessibility.getFullAXTree")["nodes"]
        if not node.get("ignored")
        and node["role"]["value"] in roles
        and not node.get("name", {}).get("value", "").strip()
    ]


@pytest.mark.slow
@in_browser
def test_nothing_moves_by_itself_for_those_who_want_less_motion(server: Server, take_id: str, browser: Browser) -> None:
    browser.send("Emulation.setEmulatedMedia", features=[{"name": "prefers-reduced-motion", "value": "reduce"}])
    moving = (
        "[...document.querySelectorAll('*')].filter((e) => { const s = getComputedStyle(e); "
        "return s.animationName !== 'none' || s.transitionDuration !== '0s'; })"
        ".map((e) => e.outerHTML.slice(0, 100))"
    )
    for view in open_views(browser, server, take_id):
        assert browser.evaluate(moving) == [], view
