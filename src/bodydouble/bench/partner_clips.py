"""Clips of two who dance with each other, from motion capture of both at once that may not be handed on."""

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path

import numpy as np

from bodydouble.bench import staging
from bodydouble.bench.people_clips import FPS, IMAGE_SIZE, BenchClip, ClipFactory, load_or_render
from bodydouble.bench.staging import Role, Scene, View
from bodydouble.bench.synthetic_set import default_cache_dir, renderer_digest, unpack
from bodydouble.data import Motion
from bodydouble.errors import FormatError
from bodydouble.motion.resampling.motion import rows
from bodydouble.synthetic import mocap_files, rendered_clip
from bodydouble.synthetic.cameras import Move

COLLECTION = "cmu_partners"
MAX_LENGTH_DIFFERENCE = 0.1
"""s; captures of partners whose lengths differ by more were not made at once."""


@dataclass(frozen=True, slots=True)
class Dance:
    """A part of what two danced together, and who they are in the picture."""

    name: str
    purpose: str
    """What the clip is there for."""
    files: tuple[str, str]
    """Of the partners, within the collection."""
    start: float
    """s into the capture."""
    seconds: float
    seed: int
    """Of place, light, sensor, lens and height of the camera."""
    bodies: tuple[int, int]
    """Seeds of bodies with legs as long as the captured ones, so that both go exactly where the partners went."""
    clothes: tuple[int, int]
    views: tuple[View, ...]


DANCES = (
    Dance("salsa_front", "both meet and begin to dance", ("salsa/03.bvh", "salsa/18.bvh"), 1.6, 6.0, 21,
          (547, 568), (61, 62), (View(0.0),)),
    Dance("salsa_alike", "close to each other, dressed alike, seen from the side", ("salsa/04.bvh", "salsa/19.bvh"),
          4.0, 6.0, 22, (611, 112), (63, 63), (View(0.0, 90.0),)),
    Dance("salsa_handheld", "turns, filmed by hand", ("salsa/05.bvh", "salsa/20.bvh"), 5.0, 6.0, 23,
          (191, 547), (64, 65), (View(0.0, -50.0, move=Move.HANDHELD),)),
    Dance("salsa_cut", "changes of place, a cut to the other side", ("salsa/07.bvh", "salsa/22.bvh"), 3.0, 6.0,
          24, (796, 611), (66, 67), (View(3.2, 30.0), View(0.0, 200.0))),
)  # fmt: skip


def clip_factories(archive: Path, cache_dir: Path | None = None) -> list[ClipFactory]:
    """What makes the clips.

    Args:
        archive: the tar file of the collections.
        cache_dir: where clips and motions are kept; default: where those of the other sets are.

    Raises:
        BodydoubleError: the archive is another one.
    """
    names = [name for dance in DANCES for name in dance.files]
    wanted = [f"{COLLECTION}/{name}" for name in names]
    files = dict(zip(names, unpack(archive, wanted, (cache_dir or default_cache_dir()) / "mocap"), strict=True))
    return [partial(render_clip, dance, files) for dance in DANCES]


def render_clip(dance: Dance, files: Mapping[str, Path], folder: Path | None = None) -> BenchClip:
    """The clip of a dance; it is made unless it is there already.

    Args:
        dance: what is to be seen.
        files: name -> file of each motion.
        folder: where clips are kept; default: beside those of ``bench truth``.

    Raises:
        BodydoubleError: a motion cannot be read or the clip cannot be written.
    """

    def build_shot() -> rendered_clip.Shot:
        motions = synchronize(
            [mocap_files.read(files[name])[0].motion for name in dance.files], dance.start, dance.seconds
        )
        named = dict(zip(dance.files, motions, strict=True))
        return staging.build_shot(build_scene(dance, motions), named, IMAGE_SIZE, FPS)

    return load_or_render(dance.name, _cache_key(dance, files), build_shot, folder)


def synchronize(motions: Sequence[Motion], start: float, seconds: float) -> list[Motion]:
    """The same stretch of time of motions that were captured at once.

    What is no part of a motion was cut off at its beginning, so that all end together.

    Args:
        motions: in one frame of reference.
        start: s into the shortest.
        seconds: how long.

    Raises:
        FormatError: they were not captured at once.
    """
    fps, lengths = float(motions[0].fps), [len(motion.rotations) for motion in motions]
    if any(motion.fps != motions[0].fps for motion in motions) or np.ptp(lengths) > MAX_LENGTH_DIFFERENCE * fps:
        raise FormatError(f"motions of {lengths} frames were not captured at once")
    first, count = round(start * fps), round(seconds * fps) + 1
    starts = [length - min(lengths) + first for length in lengths]
    return [rows(motion, slice(begin, begin + count)) for motion, begin in zip(motions, starts, strict=True)]


def build_scene(dance: Dance, motions: Sequence[Motion]) -> Scene:
    """The scene of a dance: both partners where they were captured, their middle at the origin at first."""
    positions = np.array([motion.root_position[0, [0, 2]] for motion in motions])
    x, z = (positions - positions.mean(axis=0)).T
    cast = zip(dance.files, dance.bodies, dance.clothes, zip(x, z, strict=True), strict=True)
    return Scene(dance.name, dance.purpose, dance.seconds, dance.seed, tuple(Role(*one) for one in cast), dance.views)


def _cache_key(dance: Dance, files: Mapping[str, Path]) -> str:
    """Changes with everything that decides the pixels of the clip, our own code included."""
    code = [Path(module) for module in (staging.__file__, __file__)]
    read = [path.read_bytes() for path in (*code, *(files[name] for name in dance.files))]
    plain = json.dumps([asdict(dance), IMAGE_SIZE, str(FPS), renderer_digest()]).encode()
    return hashlib.sha256(b"".join([plain, *read])).hexdigest()[:12]
