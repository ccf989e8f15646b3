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
MAX_CLIP_SECONDS = 5.0
"""s; longer motions are cut to this."""
MAX_NATIVE_FPS = 40
"""Motions with more frames per second than this are shown at 30, as a phone films them."""
DEFAULT_FPS = Fraction(30)
MOVING_CAMERA_FPS = (Fraction(15), Fraction(24), Fraction(30), Fraction(60))
"""Frames per second of clips with moving cameras, in turn."""
CAMERA_MOVES = (Move.PAN, Move.HANDHELD, Move.DOLLY)
PRIVATE_COLLECTIONS = ("animated_drawings", "cmu", "cmu_partners")
"""Collections in the archive of the private set, DeepMimic's left out: the public set is made of it."""
PRIVATE_CLIPS = 40
SEED = 1000


@dataclass(frozen=True, slots=True)
class ClipSpec:
    """What decides a clip."""

    name: str
    group: str
    motion_files: tuple[Path, ...]
    """One file per person."""
    seed: int
    options: rendered_clip.ShotOptions
    fps: Fraction | None = None
    """None: the motion's own, or 30 if that is high."""

    def cache_key(self) -> str:
        """Changes with everything that decides the pixels of the clip, our own code included."""
        content = [path.name + hashlib.sha256(path.read_bytes()).hexdigest() for path in self.motion_files]
        plain = json.dumps([self.seed, asdict(self.options), str(self.fps), content, renderer_digest()])
        return hashlib.sha256(plain.encode()).hexdigest()[:12]


@dataclass(frozen=True, slots=True)
class BenchClip:
    """A clip that was made."""

    spec: ClipSpec
    video: Path
    truth: Path


@cache
def renderer_digest() -> str:
    """Of the code and data that make clips."""
    return package_digest(("synthetic", "render", "characters", "geometry", "skeletons"))


def package_digest(folders: Sequence[str]) -> str:
    """Of all files in some folders of this package."""
    root = Path(str(resources.files("bodydouble")))
    digest = hashlib.sha256()
    for folder in folders:
        for path in sorted((root / folder).rglob("*")):
            if path.is_file() and path.suffix != ".pyc":
                digest.update(path.relative_to(root).as_posix().encode())
                digest.update(path.read_bytes())
    return digest.hexdigest()


def default_cache_dir() -> Path:
    """Where clips are kept from one run to the next."""
    base = os.environ.get("XDG_CACHE_HOME")
    return (Path(base) if base else Path.home() / ".cache") / "bodydouble" / "truth"


def public_set() -> list[ClipSpec]:
    """The public test set: humanoid3d motions of the PyPI package pybullet. None was used in any tuning.

    Raises:
        BodydoubleError: pybullet is not installed.
    """
    package = find_spec("pybullet_data")
    if package is None or package.origin is None:
        raise BodydoubleError("the public set needs the package pybullet; run: pip install 'bodydouble[bench]'")
    return clip_specs(sorted(Path(package.origin).parent.glob("data/motions/humanoid3d_*.txt")))


def private_set(archive: Path, folder: Path) -> list[ClipSpec]:
    """A larger test set from motion capture that may not be handed on: the test subjects of split.csv.

    Args:
        archive: the tar file of the collections.
        folder: where the motions are unpacked.

    Raises:
        BodydoubleError: the archive is not there, or it is another one.
    """
    if not archive.exists():
        raise BodydoubleError(f"the private set needs {archive}; use --set public, or --mocap FILE")
    test_clips = [clip for clip in splits.clips("test") if clip.source in PRIVATE_COLLECTIONS]
    order = np.random.default_rng(SEED).permutation(len(test_clips))[:PRIVATE_CLIPS]
    return clip_specs(unpack(archive, [f"{test_clips[i].source}/{test_clips[i].file}" for i in order], folder))


def unpack(archive: Path, files: Sequence[str], folder: Path) -> list[Path]:
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


def clip_specs(motions: Sequence[Path]) -> list[ClipSpec]:
    """A clip of each motion with a static camera, of every third with a moving one, and of every fourth with others."""
    static = [
        ClipSpec(path.stem, STATIC, (path,), SEED + i, rendered_clip.ShotOptions(size=_image_size(i)))
        for i, path in enumerate(motions)
    ]
    moving = [
        ClipSpec(
            f"{path.stem}_{CAMERA_MOVES[i % 3]}", MOVING, (path,), SEED + 100 + i,
            rendered_clip.ShotOptions(CAMERA_MOVES[i % 3], _image_size(i)), MOVING_CAMERA_FPS[i % 4],
        )
        for i, path in enumerate(motions[1::3])
    ]  # fmt: skip
    several = [
        ClipSpec(
            f"{path.stem}_and_{1 + i % 5}_more", SEVERAL,
            tuple(motions[(4 * i + 2 + 5 * k) % len(motions)] for k in range(2 + i % 5)), SEED + 200 + i,
            rendered_clip.ShotOptions((Move.STATIC, *CAMERA_MOVES)[i % 4], objects=i % 3), DEFAULT_FPS,
        )
        for i, path in enumerate(motions[2::4])
    ]  # fmt: skip
    return static + moving + several


def _image_size(index: int) -> tuple[int, int]:
    return rendered_clip.PORTRAIT if index % 4 == 3 else rendered_clip.LANDSCAPE


def render_clip(spec: ClipSpec, folder: Path) -> BenchClip:
    """The clip of a recipe; it is made unless it is there already.

    Raises:
        BodydoubleError: a motion cannot be read or the clip cannot be written.
    """
    name = f"{spec.name}_{spec.cache_key()}"
    clip = BenchClip(spec, folder / f"{name}.mp4", folder / f"{name}.npz")
    if not (clip.video.exists() and clip.truth.exists()):
        ensure_folder(folder)
        motions = [resample_for_video(mocap_files.read(path)[0].motion, spec.fps) for path in spec.motion_files]
        rendered_clip.make(
            rendered_clip.direct(loop_to_equal_length(motions), spec.seed, spec.options), clip.video, clip.truth
        )
    return clip


def resample_for_video(motion: Motion, fps: Fraction | None) -> Motion:
    """A motion at the rate of a video, not too long."""
    video_fps = fps or (DEFAULT_FPS if motion.fps > MAX_NATIVE_FPS else motion.fps)
    resampled = motion_at(motion, video_fps)
    return rows(resampled, slice(0, max(2, int(MAX_CLIP_SECONDS * video_fps))))


def loop_to_equal_length(motions: Sequence[Motion]) -> list[Motion]:
    """All as long as the longest: shorter ones run back and forth."""
    if not motions:
        raise FormatError("a clip needs at least one motion")
    frames = max(len(motion.rotations) for motion in motions)
    return [rows(motion, ping_pong_indices(len(motion.rotations), frames)) for motion in motions]


def ping_pong_indices(length: int, frames: int) -> np.ndarray[tuple[int], np.dtype[np.int64]]:
    """Indices (frames,) that run from 0 to length - 1 and back, over and over."""
    cycle = np.concatenate([np.arange(length), np.arange(length - 2, 0, -1)])
    return np.asarray(np.resize(cycle, frames), dtype=np.int64)
