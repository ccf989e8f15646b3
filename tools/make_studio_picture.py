"""Makes docs/studio.jpg: a picture of a take of examples/street.mp4 in the studio.

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
    """Writes the picture."""
    with tempfile.TemporaryDirectory() as temporary, run_studio(Path(sys.argv[1]).absolute()) as server:
        path = Path(temporary) / "page.png"
        take_picture(server, path, Path(temporary) / "profile")
        picture = Image.open(path).convert("RGB")
    picture.save(ROOT / "docs" / "studio.jpg", quality=86, optimize=True, progressive=True)


def take_picture(server: Server, path: Path, profile: Path) -> None:
    """Saves a picture of the newest take that is done."""
    take = next(take for take in server.request("GET", "/api/takes").json() if take["state"] == "done")
    with Browser(profile) as browser:
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
        browser.screenshot(path)


if __name__ == "__main__":
    main()
