"""The clips of rendered people that we measure on: which they are, and making them once."""

import hashlib
import json
import os
import tarfile
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from fractions import Fraction
from functools import cache
from importlib import resources
from importlib.util import find_spec
from pathlib import Path

import numpy as np

from bodydouble.data import Motion
from bodydouble.errors import BodydoubleError, FormatError
from bodydouble.formats.atomic import ensure_folder
from bodydouble.motion.resampling.motion import motion_at, rows
from bodydouble.synthetic import mocap_files, rendered_clip, splits
from bodydouble.synthetic.cameras import Move

STATIC, MOVING, SEVERAL = "one person, static camera", "one person, moving camera", "several people"
GROUPS = (STATIC, MOVING, SEVERAL)
LONGEST = 5.0
"""s; longer motions are cut to this."""
FASTEST = 40
"""Motions with more frames per second than this are shown at 30, as a phone films them."""
USUAL_RATE = Fraction(30)
RATES = (Fraction(15), Fraction(24), Fraction(30), Fraction(60))
"""Frames per second of clips with moving cameras, in turn."""
MOVES = (Move.PAN, Move.HANDHELD, Move.DOLLY)
ARCHIVED = ("animated_drawings", "cmu", "cmu_partners")
"""Collections in the archive of the private set, DeepMimic's left out: the public set is made of it."""
PRIVATE_CLIPS = 40
SEED = 1000


@dataclass(frozen=True, slots=True)
class Recipe:
    """What decides a clip."""

    name: str
    group: str
    motions: tuple[Path, ...]
    """One file per person."""
    seed: int
    options: rendered_clip.ShotOptions
    fps: Fraction | None = None
    """None: the motion's own, or 30 if that is high."""

    def key(self) -> str:
        """Changes with everything that decides the pixels of the clip, our own code included."""
        content = [path.name + hashlib.sha256(path.read_bytes()).hexdigest() for path in self.motions]
        plain = json.dumps([self.seed, asdict(self.options), str(self.fps), content, maker_digest()])
        return hashlib.sha256(plain.encode()).hexdigest()[:12]


@dataclass(frozen=True, slots=True)
class Clip:
    """A clip that was made."""

    recipe: Recipe
    video: Path
    truth: Path


@cache
def maker_digest() -> str:
    """Of the code and data that make clips."""
    return package_digest(("synthetic", "render", "characters", "geometry", "skeletons"))


def package_digest(folders: Sequence[str]) -> str:
    """Of all files in some folders of this package."""
    root = Path(str(resources.files("bodydouble")))
    total = hashlib.sha256()
    for folder in folders:
        for path in sorted((root / folder).rglob("*")):
            if path.is_file() and path.suffix != ".pyc":
                total.update(path.relative_to(root).as_posix().encode())
                total.update(path.read_bytes())
    return total.hexdigest()


def default_folder() -> Path:
    """Where clips are kept from one run to the next."""
    base = os.environ.get("XDG_CACHE_HOME")
    return (Path(base) if base else Path.home() / ".cache") / "bodydouble" / "truth"


def public_set() -> list[Recipe]:
    """The public test set: humanoid3d motions of the PyPI package pybullet. None was used in any tuning.

    Raises:
        BodydoubleError: pybullet is not installed.
    """
    found = find_spec("pybullet_data")
    if found is None or found.origin is None:
        raise BodydoubleError("the public set needs the package pybullet; run: pip install 'bodydouble[bench]'")
    return recipes(sorted(Path(found.origin).parent.glob("data/motions/humanoid3d_*.txt")))


def private_set(archive: Path, folder: Path) -> list[Recipe]:
    """A larger test set from motion capture that may not be handed on: the test subjects of split.csv.

    Args:
        archive: the tar file of the collections.
        folder: where the motions are unpacked.

    Raises:
        BodydoubleError: the archive is not there, or it is another one.
    """
    if not archive.exists():
        raise BodydoubleError(f"the private set needs {archive}; use --set public, or --mocap FILE")
    chosen = [clip for clip in splits.clips("test") if clip.source in ARCHIVED]
    order = np.random.default_rng(SEED).permutation(len(chosen))[:PRIVATE_CLIPS]
    return recipes(unpacked(archive, [f"{chosen[i].source}/{chosen[i].file}" for i in order], folder))


def unpacked(archive: Path, files: Sequence[str], folder: Path) -> list[Path]:
    """Files of the archive of motion capture; those that are in the folder already are not unpacked again.

    Raises:
        BodydoubleError: the archive is another one.
    """
    missing = [file for file in files if not (folder / file).exists()]
    if missing:
        ensure_folder(folder)
        with tarfile.open(archive) as tar:
            wanted = [member for member in tar if member.name.removeprefix("./") in missing]
            tar.extractall(folder, wanted, filter="data")
    absent = [file for file in files if not (folder / file).exists()]
    if absent:
        raise BodydoubleError(f"{archive} lacks {absent[0]}; the motions needed are those that split.csv lists")
    return [folder / file for file in files]


def recipes(motions: Sequence[Path]) -> list[Recipe]:
    """A clip of each motion with a static camera, of every third with a moving one, and of every fourth with others."""
    single = [
        Recipe(path.stem, STATIC, (path,), SEED + i, rendered_clip.ShotOptions(size=_size(i)))
        for i, path in enumerate(motions)
    ]
    moving = [
        Recipe(
            f"{path.stem}_{MOVES[i % 3]}", MOVING, (path,), SEED + 100 + i,
            rendered_clip.ShotOptions(MOVES[i % 3], _size(i)), RATES[i % 4],
        )
        for i, path in enumerate(motions[1::3])
    ]  # fmt: skip
    several = [
        Recipe(
            f"{path.stem}_and_{1 + i % 5}_more", SEVERAL,
            tuple(motions[(4 * i + 2 + 5 * k) % len(motions)] for k in range(2 + i % 5)), SEED + 200 + i,
            rendered_clip.ShotOptions((Move.STATIC, *MOVES)[i % 4], objects=i % 3), USUAL_RATE,
        )
        for i, path in enumerate(motions[2::4])
    ]  # fmt: skip
    return single + moving + several


def _size(index: int) -> tuple[int, int]:
    return rendered_clip.PORTRAIT if index % 4 == 3 else rendered_clip.LANDSCAPE


def made(recipe: Recipe, folder: Path) -> Clip:
    """The clip of a recipe; it is made unless it is there already.

    Raises:
        BodydoubleError: a motion cannot be read or the clip cannot be written.
    """
    name = f"{recipe.name}_{recipe.key()}"
    clip = Clip(recipe, folder / f"{name}.mp4", folder / f"{name}.npz")
    if not (clip.video.exists() and clip.truth.exists()):
        ensure_folder(folder)
        motions = [filmed_motion(mocap_files.read(path)[0].motion, recipe.fps) for path in recipe.motions]
        rendered_clip.make(rendered_clip.direct(alike(motions), recipe.seed, recipe.options), clip.video, clip.truth)
    return clip


def filmed_motion(motion: Motion, fps: Fraction | None) -> Motion:
    """A motion at the rate of a video, not too long."""
    wanted = fps or (USUAL_RATE if motion.fps > FASTEST else motion.fps)
    resampled = motion_at(motion, wanted)
    return rows(resampled, slice(0, max(2, int(LONGEST * wanted))))


def alike(motions: Sequence[Motion]) -> list[Motion]:
    """All as long as the longest: shorter ones run back and forth."""
    if not motions:
        raise FormatError("a clip needs at least one motion")
    frames = max(len(motion.rotations) for motion in motions)
    return [rows(motion, back_and_forth(len(motion.rotations), frames)) for motion in motions]


def back_and_forth(length: int, frames: int) -> np.ndarray[tuple[int], np.dtype[np.int64]]:
    """Indices (frames,) that run from 0 to length - 1 and back, over and over."""
    cycle = np.concatenate([np.arange(length), np.arange(length - 2, 0, -1)])
    return np.asarray(np.resize(cycle, frames), dtype=np.int64)
