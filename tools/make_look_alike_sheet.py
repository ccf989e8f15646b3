"""Makes docs/look-alikes.jpg: the people of clips beside their drawn look-alikes.

Usage::

    python tools/make_look_alike_sheet.py docs/look-alikes.jpg examples/street.mp4 examples/walk.mp4

Clips are captured at the quality fast. Each person is shown in the frame in which the image is largest.
"""

import argparse
from collections.abc import Iterator
from itertools import islice
from pathlib import Path

import numpy as np
from PIL import Image

from bodydouble.characters.cast.assemble import build_character
from bodydouble.characters.cast.look import Look
from bodydouble.characters.cast.look_alike import create_look_alike
from bodydouble.data import Person
from bodydouble.formats.media import FrameReader
from bodydouble.pipeline import capture
from make_cast_sheet import BACKGROUND, draw_figure, draw_head

HEAD_SIZE, FIGURE_SIZE, PHOTO_SIZE = (220, 220), (160, 320), (230, 320)
"""Width and height of the parts of a person's row, px."""
COLUMNS, GAP, MARGIN = 2, 8, 0.18
"""Columns of people, the gap between them in px, and the margin around a person as a share of the height."""
HEAD_TURN_DEG, FIGURE_TURN_DEG = 25.0, 15.0


def main() -> None:
    """Reads the arguments and writes the sheet."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("image_path", type=Path, help="JPEG file to write")
    parser.add_argument("clips", type=Path, nargs="+", help="videos")
    arguments = parser.parse_args()
    rows = [row for clip in arguments.clips for row in draw_people(clip)]
    width, height = rows[0].size
    lines = -(-len(rows) // COLUMNS)
    sheet = Image.new("RGB", (COLUMNS * (width + GAP) - GAP, lines * (height + GAP) - GAP), "white")
    for index, row in enumerate(rows):
        sheet.paste(row, (index % COLUMNS * (width + GAP), index // COLUMNS * (height + GAP)))
    sheet.save(arguments.image_path, quality=85)
    print(f"{arguments.image_path}: {len(rows)} people, {arguments.image_path.stat().st_size} bytes")


def draw_people(clip: Path) -> Iterator[Image.Image]:
    """Yields a row per person of a clip: the person, the head and the figure of the look-alike."""
    taken: list[Look] = []
    for person in capture(clip, quality="fast").people:
        look = create_look_alike(person.appearance, person.motion.skeleton, person.name, taken)
        taken.append(look)
        character = build_character(look)
        parts = [
            cut_out(clip, person),
            Image.fromarray(draw_head(look, character, HEAD_TURN_DEG, HEAD_SIZE)),
            Image.fromarray(draw_figure(character, FIGURE_TURN_DEG, FIGURE_SIZE)),
        ]
        row = Image.new("RGB", (sum(part.width for part in parts), PHOTO_SIZE[1]), BACKGROUND)
        for index, part in enumerate(parts):
            row.paste(part, (sum(other.width for other in parts[:index]), (row.height - part.height) // 2))
        yield row


def cut_out(clip: Path, person: Person) -> Image.Image:
    """Returns the part of the frame with the largest image of a person, in the shape of PHOTO_SIZE."""
    track = person.track
    keypoints = track.keypoints[..., :2]
    heights = np.where(track.observed, np.ptp(keypoints[..., 1], axis=1), 0.0)
    index = int((heights * track.keypoints[..., 2].mean(axis=1)).argmax())
    low, high = keypoints[index].min(axis=0), keypoints[index].max(axis=0)
    height = max(float(high[1] - low[1]), float(high[0] - low[0]) * PHOTO_SIZE[1] / PHOTO_SIZE[0]) * (1 + 2 * MARGIN)
    middle, width = (low + high) / 2, height * PHOTO_SIZE[0] / PHOTO_SIZE[1]
    with FrameReader(clip) as reader:
        frame = next(islice(reader, int(track.frames[index]), None))
    box = middle[0] - width / 2, middle[1] - height / 2, middle[0] + width / 2, middle[1] + height / 2
    picture = Image.fromarray(frame).crop(tuple(round(edge) for edge in box))
    return picture.resize(PHOTO_SIZE, Image.Resampling.LANCZOS)


if __name__ == "__main__":
    main()
