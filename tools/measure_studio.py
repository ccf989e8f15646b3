"""Measures the page of the studio in Chromium with software WebGL: time until it is usable, frames/s of the 3D view.

    python tools/measure_studio.py FOLDER

FOLDER is the folder of a studio (``bodydouble studio --folder``) with a take that is done. All times are those of the
browser's clock; several runs are made, and median and best are printed. On a busy computer the processor time of the
browser per frame tells more (Linux only).
"""

import json
import statistics
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT))

from tests.studio.chromium import Browser  # noqa: E402
from tests.studio.servers import Server, run_studio  # noqa: E402

RUNS = 5
SIZE = (1280, 720)
FRAMES = 40
WATCH_READY = """
new MutationObserver((_, observer) => {
  if (!document.body || !("ready" in document.body.dataset)) return;
  observer.disconnect();
  requestAnimationFrame(() => { window.readySeconds = performance.now() / 1000; });
}).observe(document, { attributes: true, childList: true, subtree: true });
"""
MEASURE_VIEW = """
(async () => {
  const { ScenePanel } = await import("/static/take/scene-panel.js");
  const { loadScene } = await import("/static/take/scene-data.js");
  const scene = await loadScene("TAKE");
  const panel = new ScenePanel({ take: { id: "TAKE" }, scene, isDark: () => false });
  const place = panel.canvas.parentElement;
  place.style.cssText = "position: fixed; inset: 0; width: WIDTHpx; height: HEIGHTpx; max-height: none; z-index: 99";
  document.body.replaceChildren(place);
  const player = { frame: 0 };
  await panel.attach(player);
  const gl = panel.renderer.getContext();
  const pixel = new Uint8Array(4);
  const draw = (frame) => {
    for (const model of panel.models) model.show(frame);
    for (const mark of panel.marks) mark.show(frame, panel.feet);
    panel.draw();
    gl.readPixels(0, 0, 1, 1, gl.RGBA, gl.UNSIGNED_BYTE, pixel);
  };
  const shown = [...Array(scene.frames).keys()].filter((k) => scene.people.filter((p) => p.rowAt(k) >= 0).length >= 2);
  const frames = shown.length ? shown : [...Array(scene.frames).keys()];
  for (let k = 0; k < 5; k += 1) draw(frames[k % frames.length]);
  window.measure = () => {
    const start = performance.now();
    for (let k = 0; k < COUNT; k += 1) draw(frames[(3 * k) % frames.length]);
    return 1000 * COUNT / (performance.now() - start);
  };
  return { people: panel.models.length, width: gl.drawingBufferWidth, height: gl.drawingBufferHeight };
})()
"""


def main() -> None:
    """Prints the figures."""
    with run_studio(Path(sys.argv[1]).absolute()) as server:
        done = [take for take in server.request("GET", "/api/takes").json() if take["state"] == "done"]
        if not done:
            sys.exit(f"{sys.argv[1]} has no take that is done")
        loads = [measure_load(server) for _ in range(RUNS)]
        views = [measure_view(server, max(done, key=lambda take: len(take["people"]))["id"]) for _ in range(RUNS)]
    print_range("usable after, s", loads, min(loads))
    rates, costs = [view["rate"] for view in views], [view["cpu_ms"] for view in views]
    print_range("3D view, frames/s", rates, max(rates))
    print_range("3D view, processor time per frame, ms", costs, min(costs))
    print(json.dumps({key: views[0][key] for key in ("people", "width", "height")}))


def measure_load(server: Server) -> float:
    """Returns the time in s from the navigation of a fresh browser to a page that can be used."""
    with tempfile.TemporaryDirectory() as profile, Browser(Path(profile)) as browser:
        browser.send("Page.addScriptToEvaluateOnNewDocument", source=WATCH_READY)
        browser.open(server.url, SIZE)
        return float(browser.wait("window.readySeconds"))


def measure_view(server: Server, take: str) -> dict[str, float]:
    """Returns the rate at which two characters are posed and drawn in a view of 1280 x 720."""
    script = MEASURE_VIEW.replace("TAKE", take).replace("COUNT", str(FRAMES))
    script = script.replace("WIDTH", str(SIZE[0])).replace("HEIGHT", str(SIZE[1]))
    with tempfile.TemporaryDirectory() as profile, Browser(Path(profile)) as browser:
        browser.open(server.url, SIZE)
        browser.wait("'ready' in document.body.dataset")
        view = dict(browser.evaluate(script))
        before = browser.processor_seconds()
        view["rate"] = browser.evaluate("measure()")
        view["cpu_ms"] = 1000 * (browser.processor_seconds() - before) / FRAMES
        return view


def print_range(name: str, values: list[float], best: float) -> None:
    """Prints a figure."""
    print(f"{name}: median {statistics.median(values):.2f}, best {best:.2f} of {len(values)}")


if __name__ == "__main__":
    main()
