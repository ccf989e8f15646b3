"""Makes docs/street.webp, the animated image of docs/formats.md, from the preview of the example clip.

Usage::

    bodydouble animate examples/street.mp4 -o out/demo
    python tools/make_preview_picture.py out/demo/preview.mp4 docs/street.webp

Input: preview.mp4. Output: an animated WebP image.
"""

import argparse
from itertools import islice
from pathlib import Path

from PIL import Image

from bodydouble.formats.media import FrameReader

FIRST_FRAME, FRAME_COUNT, STEP = 40, 120, 2
WIDTH = 960
"""Width of the image in px."""


def main() -> None:
    """Reads the arguments and writes the image."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("preview", type=Path, help="preview.mp4 of the example clip")
    parser.add_argument("image_path", type=Path, help="WebP file to write")
    arguments = parser.parse_args()
    write_image(arguments.preview, arguments.image_path)


def write_image(preview: Path, image_path: Path) -> None:
    """Writes every second frame of four seconds as an animated WebP image."""
    with FrameReader(preview, max_side=WIDTH) as reader:
        frames = [Image.fromarray(frame) for frame in islice(reader, FIRST_FRAME, FIRST_FRAME + FRAME_COUNT, STEP)]
        period = round(1000 * STEP / float(reader.clip.fps))
    frames[0].save(image_path, save_all=True, append_images=frames[1:], duration=period, loop=0, quality=55, method=4)
    print(f"{image_path}: {len(frames)} frames, {image_path.stat().st_size} bytes")


if __name__ == "__main__":
    main()
