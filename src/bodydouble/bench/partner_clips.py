"""Clips of dancing partners whose motions were captured together; the motion capture must not be redistributed."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from functools import partial
from pathlib import Path

import numpy as np

from bodydouble.bench import staging
from bodydouble.bench.clip_cache import BenchClip, ClipFactory, cache_key, default_cache_dir, load_or_render
from bodydouble.bench.people_clips import FPS, IMAGE_SIZE, default_people_dir
from bodydouble.bench.staging import Role, Scene, View
from bodydouble.bench.synthetic_set import unpack
from bodydouble.data import Motion
from bodydouble.errors import FormatError
from bodydouble.motion.resampling.motion import slice_motion
from bodydouble.synthetic import mocap_files, rendered_clip
from bodydouble.synthetic.cameras import CameraMotion

COLLECTION = "cmu_partners"
"""Folder of the motions in the archive."""
MAX_LENGTH_DIFFERENCE = 0.1
"""Maximum difference in s between the lengths of two motions that were captured together."""


@dataclass(frozen=True, slots=True)
class Dance:
    """Excerpt of a dance of two partners, with their bodies, clothes and cameras."""

    name: str
    purpose: str
    """Description of the clip."""
    files: tuple[str, str]
    """Motion files of the partners within the collection."""
    start: float
    """Start of the excerpt in s."""
    seconds: float
    """Length of the excerpt in s."""
    seed: int
    """Seed of environment, light, sensor, focal length and height of the camera."""
    bodies: tuple[int, int]
    """Seeds of bodies with the leg lengths of the captured people, so that both follow the captured paths exactly."""
    clothes: tuple[int, int]
    """Seeds of skin, hair and clothes."""
    views: tuple[View, ...]


DANCES = (
    Dance("salsa_front", "two partners meet and begin to dance", ("salsa/03.bvh", "salsa/18.bvh"), 1.6, 6.0, 21,
          (547, 568), (61, 62), (View(0.0),)),
    Dance("salsa_alike", "two partners close together, dressed alike, seen from the side",
          ("salsa/04.bvh", "salsa/19.bvh"),
          4.0, 6.0, 22, (611, 112), (63, 63), (View(0.0, 90.0),)),
    Dance("salsa_handheld", "turns; handheld camera", ("salsa/05.bvh", "salsa/20.bvh"), 5.0, 6.0, 23,
          (191, 547), (64, 65), (View(0.0, -50.0, camera_motion=CameraMotion.HANDHELD),)),
    Dance("salsa_cut", "changes of position; a cut to the opposite side", ("salsa/07.bvh", "salsa/22.bvh"), 3.0, 6.0,
          24, (796, 611), (66, 67), (View(3.2, 30.0), View(0.0, 200.0))),
)  # fmt: skip


def clip_factories(archive: Path, cache_dir: Path | None = None) -> list[ClipFactory]:
    """Returns the factories of the clips of all dances.

    Args:
        archive: tar file of the collections.
        cache_dir: folder of cached motions; None: that of ``bench truth``.

    Raises:
        BodydoubleError: the archive is missing or lacks a motion.
    """
    names = [name for dance in DANCES for name in dance.files]
    wanted = [f"{COLLECTION}/{name}" for name in names]
    files = dict(zip(names, unpack(archive, wanted, (cache_dir or default_cache_dir()) / "mocap"), strict=True))
    return [partial(render_clip, dance, files) for dance in DANCES]


def render_clip(dance: Dance, files: Mapping[str, Path], cache_dir: Path | None = None) -> BenchClip:
    """Returns the clip of a dance, from the cache if it has been rendered before.

    Args:
        dance: description of the clip.
        files: motion capture files by name of the motion.
        cache_dir: folder of cached clips; None: ``default_people_dir``.

    Raises:
        BodydoubleError: a motion cannot be read or the clip cannot be written.
    """
    paths = [files[name] for name in dance.files]

    def build_clip_scene() -> rendered_clip.ClipScene:
        motions = synchronize([mocap_files.read(path)[0].motion for path in paths], dance.start, dance.seconds)
        named = dict(zip(dance.files, motions, strict=True))
        return staging.build_clip_scene(build_scene(dance, motions), named, IMAGE_SIZE, FPS)

    key = cache_key([asdict(replace(dance, purpose="")), IMAGE_SIZE, str(FPS)], paths)
    return load_or_render(dance.name, key, build_clip_scene, cache_dir or default_people_dir())


def synchronize(motions: Sequence[Motion], start: float, seconds: float) -> list[Motion]:
    """Cuts the same interval out of motions that were captured together.

    The motions end together: frames that a motion lacks are missing at its beginning.

    Args:
        motions: motions in one frame of reference.
        start: start of the interval in s, in the shortest motion.
        seconds: length of the interval in s.

    Raises:
        FormatError: the motions were not captured together.
    """
    fps, lengths = float(motions[0].fps), [len(motion.rotations) for motion in motions]
    if any(motion.fps != motions[0].fps for motion in motions) or np.ptp(lengths) > MAX_LENGTH_DIFFERENCE * fps:
        raise FormatError(f"motions of {lengths} frames were not captured at once")
    first, count = round(start * fps), round(seconds * fps) + 1
    starts = [length - min(lengths) + first for length in lengths]
    return [slice_motion(motion, slice(begin, begin + count)) for motion, begin in zip(motions, starts, strict=True)]


def build_scene(dance: Dance, motions: Sequence[Motion]) -> Scene:
    """Builds the scene of a dance: both partners at their captured positions, first centred at the origin."""
    positions = np.array([motion.root_position[0, [0, 2]] for motion in motions])
    x, z = (positions - positions.mean(axis=0)).T
    parameters = zip(dance.files, dance.bodies, dance.clothes, zip(x, z, strict=True), strict=True)
    roles = tuple(Role(*values) for values in parameters)
    return Scene(dance.name, dance.purpose, dance.seconds, dance.seed, roles, dance.views)
