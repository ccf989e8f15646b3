"""Measures the page of the studio in Chromium with software WebGL.

Time until the page is usable, frames/s of the 3D view, and time from a correction to the new motion.

    python tools/measure_studio.py FOLDER

FOLDER is the folder of a studio (``bodydouble studio --folder``) with a take that is done. All times are those of the
browser's clock; several runs are made, and median and best are printed. On a busy computer the processor time of the
browser per frame tells more (Linux only).
"""

import json
import shutil
import statistics
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT))

from tests.studio.chromium import Browser  # noqa: E402
from tests.studio.servers import Server, run_studio  # noqa: E402

from bodydouble.formats.corrections import parse_object  # noqa: E402
from bodydouble.studio.scene import build_scene, correct_scene  # noqa: E402

RUNS = 5
SIZE = (1280, 720)
FRAMES = 40
CORRECTION_SECONDS = 600.0
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


MEASURE_CORRECTIONS = """
(async () => {
  const { ScenePanel } = await import("/static/take/scene-panel.js");
  const { loadScene } = await import("/static/take/scene-data.js");
  const { Corrections } = await import("/static/correct/corrections.js");
  const scene = await loadScene("TAKE");
  const panel = new ScenePanel({ take: { id: "TAKE" }, scene, isDark: () => false });
  document.body.replaceChildren(panel.element);
  const person = scene.people.toSorted((a, b) => b.frames - a.frames)[0];
  const other = scene.people.find((one) => one !== person);
  const player = { frame: person.first_frame };
  await panel.attach(player);
  const corrections = new Corrections("TAKE");
  await corrections.load();
  const change = (action) => new Promise((resolve, reject) => {
    const start = performance.now();
    const controller = new AbortController();
    corrections.addEventListener("failed", ({ detail }) => reject(new Error(detail)), { signal: controller.signal });
    corrections.addEventListener("resolved", ({ detail }) => {
      controller.abort();
      panel.onScene(detail);
      requestAnimationFrame(() => setTimeout(() => resolve((performance.now() - start) / 1000)));
    }, { signal: controller.signal });
    action();
  });
  const joint = scene.joint_names.indexOf("leftHand");
  const create = (run) => {
    const frame = person.first_frame + Math.round(person.frames * (0.2 + 0.1 * run));
    const own = { person: person.name };
    const span = { ...own, first_frame: frame, last_frame: frame + 10 };
    const [x, y, z] = person.joints.row(person.rowAt(frame)).subarray(3 * joint);
    return [
      { kind: "rename", ...own, name: `Anna${run}` },
      ...(other ? [{ kind: "swap", ...own, other: other.name, frame }] : []),
      { kind: "contact", ...span, side: "left", resting: false },
      { kind: "keyframe", ...own, joint: "leftHand", frame, position: [x, y - 0.03, z] },
      { kind: "exchange_sides", ...span },
      { kind: "unreliable", ...span },
      { kind: "smoothing", ...span, cutoff: 4 },
      { kind: "floor", height: 0.01 * (run + 1) },
      { kind: "height", ...own, height: person.stature + 0.01 * (run + 1) },
    ];
  };
  const seconds = {};
  const tried = [];
  for (let run = 0; run < RUNS; run += 1) {
    for (const correction of create(run)) {
      tried.push(correction);
      (seconds[correction.kind] ??= []).push(await change(() => corrections.add(correction)));
      await change(() => corrections.undo());
    }
  }
  return { seconds, tried, frames: scene.frames, people: scene.people.length };
})()
"""


def main() -> None:
    """Prints the figures."""
    with run_studio(Path(sys.argv[1]).absolute()) as server:
        done = [take for take in server.request("GET", "/api/takes").json() if take["state"] == "done"]
        if not done:
            sys.exit(f"{sys.argv[1]} has no take that is done")
        loads = [measure_load(server) for _ in range(RUNS)]
        take = max(done, key=lambda take: len(take["people"]))["id"]
        views = [measure_view(server, take) for _ in range(RUNS)]
        corrections = measure_corrections(server, take)
        costs_of_kinds = measure_processor_time(Path(sys.argv[1]) / take, corrections["tried"])
    print_range("usable after, s", loads, min(loads))
    rates, costs = [view["rate"] for view in views], [view["cpu_ms"] for view in views]
    print_range("3D view, frames/s", rates, max(rates))
    print_range("3D view, processor time per frame, ms", costs, min(costs))
    print(json.dumps({key: views[0][key] for key in ("people", "width", "height")}))
    for kind, seconds in corrections["seconds"].items():
        print_range(f"from a click to the new motion, {kind}, s", seconds, min(seconds))
    for kind, seconds in costs_of_kinds.items():
        print_range(f"processor time of the server, {kind}, s", seconds, min(seconds))
    print(json.dumps({key: corrections[key] for key in ("people", "frames")}))


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


def measure_corrections(server: Server, take: str) -> dict[str, Any]:
    """Returns the times in s from a correction of each kind to the picture of the new motion, one correction at a time.

    No correction is left at the end.
    """
    script = MEASURE_CORRECTIONS.replace("TAKE", take).replace("RUNS", str(RUNS))
    with tempfile.TemporaryDirectory() as profile, Browser(Path(profile)) as browser:
        browser.open(server.url, SIZE)
        browser.wait("'ready' in document.body.dataset")
        browser.evaluate(
            f"{script}.then((result) => {{ window.corrected = result; }}, (e) => {{ window.failed = e; }}); 0"
        )
        browser.wait("window.corrected || window.failed", CORRECTION_SECONDS)
        return dict(browser.evaluate("window.corrected ?? Promise.reject(window.failed)"))


def measure_processor_time(folder: Path, tried: Sequence[Mapping[str, Any]]) -> dict[str, list[float]]:
    """Returns the processor time in s, by kind, in which each correction alone is applied to a copy of a take."""
    costs: dict[str, list[float]] = {}
    with tempfile.TemporaryDirectory() as temporary:
        copy = Path(shutil.copytree(folder, Path(temporary) / "take"))
        build_scene(copy)
        for entry in tried:
            start = time.process_time()
            correct_scene(copy, (parse_object(entry),))
            costs.setdefault(entry["kind"], []).append(time.process_time() - start)
    return costs


def print_range(name: str, values: list[float], best: float) -> None:
    """Prints a figure."""
    print(f"{name}: median {statistics.median(values):.2f}, best {best:.2f} of {len(values)}")


if __name__ == "__main__":
    main()
