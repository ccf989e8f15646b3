"""Makes docs/street.webp, the moving picture in the README, from the film of the example clip.

bodydouble animate examples/street.mp4 -o out/demo
python tools/make_readme_picture.py out/demo/preview.mp4 docs/street.webp
"""

import sys
from itertools import islice
from pathlib import Path

from PIL import Image

from bodydouble.formats.media import FrameReader

FIRST, COUNT, STEP = 40, 120, 2
WIDTH = 960


def main(film: str, picture: str) -> None:
    """Writes every second frame of four seconds as an animated WebP."""
    with FrameReader(film, max_side=WIDTH) as reader:
        frames = [Image.fromarray(frame) for frame in islice(reader, FIRST, FIRST + COUNT, STEP)]
        period = round(1000 * STEP / float(reader.clip.fps))
    frames[0].save(picture, save_all=True, append_images=frames[1:], duration=period, loop=0, quality=55, method=4)
    print(f"{picture}: {len(frames)} frames, {Path(picture).stat().st_size} bytes")


if __name__ == "__main__":
    main(*sys.argv[1:3])
