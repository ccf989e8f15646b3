"""Makes docs/film.webp, the animated image at the top of the README, from the example clip and its film.

Usage::

    bodydouble film examples/street.mp4 -o out/street_film.mp4
    python tools/make_film_picture.py examples/street.mp4 out/street_film.mp4 docs/film.webp

Output: an animated WebP image, with a part of the clip beside the same part of the film.
"""

import argparse
from collections.abc import Iterator
from itertools import islice
from pathlib import Path

from PIL import Image

from bodydouble.formats.media import FrameReader

FIRST_FRAME, FRAME_COUNT, STEP = 56, 62, 2
PART = (230, 40, 1000, 700)
"""Left, upper, right and lower edge of the part that is shown, px."""
WIDTH, GUTTER = 420, 4
"""Width of each half, and of the gap between them, px."""


def main() -> None:
    """Reads the arguments and writes the image."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("clip", type=Path, help="the example clip")
    parser.add_argument("film", type=Path, help="film of the same size")
    parser.add_argument("image_path", type=Path, help="WebP file to write")
    arguments = parser.parse_args()
    pictures = [
        pair_pictures(source, film)
        for source, film in zip(read_parts(arguments.clip), read_parts(arguments.film), strict=True)
    ]
    pictures[0].save(
        arguments.image_path, save_all=True, append_images=pictures[1:], duration=67, loop=0, quality=55, method=5
    )
    print(f"{arguments.image_path}: {len(pictures)} frames, {arguments.image_path.stat().st_size} bytes")


def read_parts(video: Path) -> Iterator[Image.Image]:
    """Yields the part of every second frame of two seconds."""
    size = WIDTH, round(WIDTH * (PART[3] - PART[1]) / (PART[2] - PART[0]))
    with FrameReader(video) as reader:
        for frame in islice(reader, FIRST_FRAME, FIRST_FRAME + FRAME_COUNT, STEP):
            yield Image.fromarray(frame).crop(PART).resize(size, Image.Resampling.LANCZOS)


def pair_pictures(left: Image.Image, right: Image.Image) -> Image.Image:
    """Returns two pictures side by side."""
    pair = Image.new("RGB", (2 * WIDTH + GUTTER, left.height), "white")
    pair.paste(left, (0, 0))
    pair.paste(right, (WIDTH + GUTTER, 0))
    return pair


if __name__ == "__main__":
    main()
