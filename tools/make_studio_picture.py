"""Makes docs/studio.jpg and docs/studio-correct.jpg: a take of examples/street.mp4 in the studio, seen and corrected.

    python tools/make_studio_picture.py FOLDER

FOLDER is the folder of a studio (``bodydouble studio --folder``) with that take. Needs Chromium.
"""

import sys
import tempfile
import time
from pathlib import Path

from PIL import Image

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT))

from tests.studio.chromium import Browser  # noqa: E402
from tests.studio.servers import Server, run_studio  # noqa: E402

SIZE = (1280, 860)
FRAME = 62
ZOOM_STEPS = 4
STILL_SECONDS = 5.0
"""Time in s in which the still picture is drawn in full detail without a graphics card."""


def main() -> None:
    """Writes the pictures."""
    with tempfile.TemporaryDirectory() as temporary, run_studio(Path(sys.argv[1]).absolute()) as server:
        for name in take_pictures(server, Path(temporary)):
            picture = Image.open(Path(temporary) / f"{name}.png").convert("RGB")
            picture.save(ROOT / "docs" / f"{name}.jpg", quality=86, optimize=True, progressive=True)


def take_pictures(server: Server, folder: Path) -> tuple[str, ...]:
    """Saves pictures of the newest take that is done as it is seen and corrected, and returns their names."""
    seen, corrected = "studio", "studio-correct"
    take = next(take for take in server.request("GET", "/api/takes").json() if take["state"] == "done")
    with Browser(folder / "profile") as browser:
        browser.open(f"{server.url}/#/take/{take['id']}", SIZE)
        browser.wait("document.querySelector('.pane[data-ready]')")
        browser.evaluate(
            "(() => { const slider = document.querySelector('.transport input'); "
            f"slider.value = {FRAME}; slider.dispatchEvent(new Event('input')); }})()"
        )
        for _ in range(ZOOM_STEPS):
            browser.send("Input.dispatchMouseEvent", type="mouseWheel", x=950, y=300, deltaX=0, deltaY=-120)
        browser.wait("document.querySelector('.still:not([hidden])')")
        time.sleep(STILL_SECONDS)
        browser.screenshot(folder / f"{seen}.png")
        browser.press("c", "c")
        browser.wait("document.querySelector('.take[data-mode=correct] .track-expand')")
        browser.evaluate("document.querySelector('.track-expand').click()")
        time.sleep(STILL_SECONDS)
        browser.screenshot(folder / f"{corrected}.png", full=True)
    return seen, corrected


if __name__ == "__main__":
    main()
