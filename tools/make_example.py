"""Cuts examples/street.mp4 out of the demonstration video of Sports2D and writes its licence beside it.

The source is part of the PyPI package sports2d 0.8.34 (BSD-3-Clause, David Pagnon)::

    pip download --no-deps sports2d==0.8.34
    unzip sports2d-0.8.34-py3-none-any.whl
    python tools/make_example.py Sports2D/Demo/demo.mp4 sports2d-0.8.34.dist-info/licenses/LICENSE
"""

import argparse
import hashlib
from itertools import islice
from pathlib import Path

from bodydouble.formats.media import FrameReader, VideoWriter

FIRST_FRAME, FRAME_COUNT = 24, 180
"""From the top of a jumping jack to the landing of the somersault; a woman walks by in profile."""
LONGER_SIDE = 1280
SOURCE_SHA256 = "d9a66417185647b112304b57093f0c180f37a768e6a14daca75ca541f3b78039"
OUTPUT = Path(__file__).parents[1] / "examples" / "street.mp4"

NOTICE = """\
street.mp4: two people in a street. A man on a low roof does jumping jacks and a somersault off it; a woman walks by.

Credit: David Pagnon, the demonstration video of Sports2D (https://github.com/davidpagnon/Sports2D), published in the
PyPI package sports2d 0.8.34 as Sports2D/Demo/demo.mp4 under the licence below. Changed by tools/make_example.py:
shortened to {seconds:g} seconds, scaled to {width}x{height}, encoded as H.264 without sound.

sha256 of demo.mp4:   {source}
sha256 of street.mp4: {result}

{licence}"""


def main() -> None:
    """Reads the arguments and makes both files."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("source", type=Path, help="Sports2D/Demo/demo.mp4")
    parser.add_argument("licence", type=Path, help="the LICENSE file of the package")
    arguments = parser.parse_args()
    if sha256(arguments.source) != SOURCE_SHA256:
        parser.error(f"{arguments.source} is not the demonstration video of sports2d 0.8.34")
    write_licence(arguments.source, arguments.licence, *cut(arguments.source))


def cut(source: Path) -> tuple[tuple[int, int], float]:
    """Writes the clip. Returns its width and height in px and its length in seconds."""
    with FrameReader(source, max_side=LONGER_SIDE) as reader:
        clip = reader.clip
        with VideoWriter(OUTPUT, size=clip.size, fps=clip.fps) as writer:
            for frame in islice(reader, FIRST_FRAME, FIRST_FRAME + FRAME_COUNT):
                writer.write(frame)
    return clip.size, float(FRAME_COUNT / clip.fps)


def write_licence(source: Path, licence: Path, size: tuple[int, int], seconds: float) -> None:
    """Writes where the clip comes from, what was changed, and the licence."""
    notice = NOTICE.format(
        seconds=seconds,
        width=size[0],
        height=size[1],
        source=sha256(source),
        result=sha256(OUTPUT),
        licence=licence.read_text(),
    )
    OUTPUT.with_name(f"LICENSE-{OUTPUT.stem}.txt").write_text(notice)


def sha256(path: Path) -> str:
    """Checksum of a file in hexadecimal digits."""
    return hashlib.sha256(path.read_bytes()).hexdigest()


if __name__ == "__main__":
    main()
