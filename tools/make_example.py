"""Extracts the clips in examples/ from the demonstration video of Sports2D and writes their licence.

The source is part of the PyPI package sports2d 0.8.34 (BSD-3-Clause, David Pagnon)::

    pip download --no-deps sports2d==0.8.34
    unzip sports2d-0.8.34-py3-none-any.whl
    python tools/make_example.py Sports2D/Demo/demo.mp4 sports2d-0.8.34.dist-info/licenses/LICENSE

Input: the video and its licence. Output: examples/street.mp4, examples/walk.mp4 and examples/LICENSE-sports2d.txt.
"""

import argparse
import hashlib
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

import cv2
import numpy as np

from bodydouble.formats.media import FrameReader, VideoWriter

SOURCE_SHA256 = "d9a66417185647b112304b57093f0c180f37a768e6a14daca75ca541f3b78039"
EXAMPLES = Path(__file__).parents[1] / "examples"
SIZE = 1280, 720
"""Width and height of the clips in px."""


@dataclass(frozen=True)
class Excerpt:
    """Range of frames of the source, and the region that is kept."""

    name: str
    description: str
    first_frame: int
    frame_count: int
    box: tuple[int, int, int, int]
    """Region as x_min, y_min, x_max, y_max in px."""


EXCERPTS = (
    Excerpt(
        "street.mp4",
        "two people in a street. A man on a low roof does jumping jacks and a somersault off it; a woman walks by.",
        24,
        180,
        (0, 0, 1768, 994),
    ),
    Excerpt("walk.mp4", "the woman alone, walking by in profile.", 52, 90, (484, 430, 1486, 994)),
)

NOTICE = """\
{contents}

Credit: David Pagnon, the demonstration video of Sports2D (https://github.com/davidpagnon/Sports2D), published in the
PyPI package sports2d 0.8.34 as Sports2D/Demo/demo.mp4 under the licence below. Changed by tools/make_example.py:
shortened, cropped, scaled to {width}x{height}, encoded as H.264 without sound.

{checksums}

{licence}"""


def main() -> None:
    """Reads the arguments and writes all files."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("source", type=Path, help="Sports2D/Demo/demo.mp4")
    parser.add_argument("licence", type=Path, help="the LICENSE file of the package")
    arguments = parser.parse_args()
    if sha256(arguments.source) != SOURCE_SHA256:
        parser.error(f"{arguments.source} is not the demonstration video of sports2d 0.8.34")
    for excerpt in EXCERPTS:
        write_clip(arguments.source, excerpt)
    write_licence(arguments.licence)


def write_clip(source: Path, excerpt: Excerpt) -> None:
    """Writes one clip."""
    left, top, right, bottom = excerpt.box
    with (
        FrameReader(source) as reader,
        VideoWriter(EXAMPLES / excerpt.name, image_size=SIZE, fps=reader.clip.fps) as writer,
    ):
        for frame in islice(reader, excerpt.first_frame, excerpt.first_frame + excerpt.frame_count):
            region = frame[top:bottom, left:right]
            is_reduced = region.shape[1] > SIZE[0]
            method = cv2.INTER_AREA if is_reduced else cv2.INTER_CUBIC
            writer.write(np.asarray(cv2.resize(region, SIZE, interpolation=method), dtype=np.uint8))


def write_licence(licence: Path) -> None:
    """Writes the origin of the clips, the changes, and the licence."""
    checksums = [f"sha256 of demo.mp4: {SOURCE_SHA256}"]
    checksums += [f"sha256 of {excerpt.name}: {sha256(EXAMPLES / excerpt.name)}" for excerpt in EXCERPTS]
    notice = NOTICE.format(
        contents="\n".join(f"{excerpt.name}: {excerpt.description}" for excerpt in EXCERPTS),
        width=SIZE[0],
        height=SIZE[1],
        checksums="\n".join(checksums),
        licence=licence.read_text(),
    )
    (EXAMPLES / "LICENSE-sports2d.txt").write_text(notice)


def sha256(path: Path) -> str:
    """Returns the checksum of a file in hexadecimal digits."""
    return hashlib.sha256(path.read_bytes()).hexdigest()


if __name__ == "__main__":
    main()
