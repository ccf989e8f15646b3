"""Sheets: footage and characters -> still image of each person beside the character, from several sides."""

from collections.abc import Iterable, Sequence

import numpy as np

from bodydouble.data import Character, RgbImage
from bodydouble.errors import InvalidDataError
from bodydouble.film.compositing import composite
from bodydouble.film.figures import Figure, poses_in_frame
from bodydouble.film.sheet import TILE_SIZE, SheetTile, arrange_tiles, choose_tiles
from bodydouble.film.toon_renderer import ToonRenderer
from bodydouble.formats.media import FrameReader
from bodydouble.pipeline.film_cast import create_figures
from bodydouble.pipeline.film_source import Footage
from bodydouble.pipeline.progress import Progress


def draw_sheet(
    footage: Footage, characters: Sequence[Character], color: tuple[int, int, int], progress: Progress
) -> RgbImage:
    """Draws a sheet: for each person, a row of pictures of the video above one of the character.

    Args:
        footage: performance and video.
        characters: one per person.
        color: RGB of the ground, 0 to 255.
        progress: shows the frames that are decoded.

    Raises:
        MediaError: the video is not known.
        InvalidDataError: there is nobody.
    """
    performance, clip = footage.performance, footage.require_clip("a sheet")
    if not performance.people:
        raise InvalidDataError("there is nobody in the performance of whom a sheet could be drawn")
    figures = create_figures(performance, characters)
    tiles = [choose_tiles(person, performance.camera) for person in performance.people]
    with progress.stage("sheet", performance.frame_count), FrameReader(clip.path) as reader:
        sources = _select_frames(progress.track(reader), {tile.frame for row in tiles for tile in row})
    rows: list[list[RgbImage]] = []
    for figure, row in zip(figures, tiles, strict=True):
        rows.append([tile.view.cut_out(sources[tile.frame], clip.image_size) for tile in row])
        rows.append(_draw_row(figure, row, footage, color))
    return arrange_tiles(rows, color)


def _select_frames(images: Iterable[RgbImage], wanted: set[int]) -> dict[int, RgbImage]:
    """Returns the images of the wanted frames; the last image for frames after the end."""
    selected: dict[int, RgbImage] = {}
    for index, image in enumerate(images):
        selected |= {frame: image for frame in wanted if frame == index or (frame > index and frame not in selected)}
        if index >= max(wanted):
            break
    return selected


def _draw_row(
    figure: Figure, tiles: Sequence[SheetTile], footage: Footage, color: tuple[int, int, int]
) -> list[RgbImage]:
    camera = footage.performance.camera
    ground = np.full((TILE_SIZE[1], TILE_SIZE[0], 3), color, dtype=np.uint8)
    pictures = []
    with ToonRenderer(TILE_SIZE, [figure.character]) as renderer:
        for tile in tiles:
            poses = poses_in_frame([figure], tile.frame)
            intrinsics = tile.view.intrinsics(camera.intrinsics)
            view = intrinsics, camera.camera_from_world[tile.frame]
            pictures.append(composite(renderer.draw(poses.joint_matrices, *view, poses.morph_weights), ground))
    return pictures
