"""A studio in a process of its own, with an invented capture: python -m tests.studio.fake_server FOLDER."""

import sys
from pathlib import Path

from bodydouble.studio.serve import serve
from bodydouble.studio.settings import StudioSettings
from tests.studio.servers import SMALL, WORKER


def announce(url: str) -> None:
    """Prints the address of the page."""
    sys.stdout.write(f"{url}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    serve(StudioSettings(Path(sys.argv[1]), port=0, limits=SMALL), announce, WORKER)
