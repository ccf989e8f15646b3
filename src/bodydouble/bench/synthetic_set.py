"""Test sets of synthetic clips: their specifications, and their motion capture."""

import tarfile
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from fractions import Fraction
from importlib.util import find_spec
from pathlib import Path

import numpy as np

from bodydouble.bench.clip_cache import BenchClip, cache_key, default_cache_dir, load_or_render
from bodydouble.data import Motion
from bodydouble.errors import BodydoubleError, FormatError
from bodydouble.formats.atomic import ensure_folder
from bodydouble.motion.resampling.motion import resample_motion, slice_motion
from bodydouble.synthetic import mocap_files, rendered_clip, splits
from bodydouble.synthetic.cameras import CameraMotion

STATIC, MOVING, SEVERAL = "one person, static camera", "one person, moving camera", "several people"
GROUPS = (STATIC, MOVING, SEVERAL)
MAX_CLIP_SECONDS = 5.0
"""Maximum length of a clip in s; longer motions are cut."""
MAX_NATIVE_FPS = 40
"""Maximum frame rate in frames/s of motion capture that keeps its rate; faster motions are resampled to 30."""
DEFAULT_FPS = Fraction(30)
"""Frame rate in frames/s of a phone's camera."""
MOVING_CAMERA_FPS = (Fraction(15), Fraction(24), Fraction(30), Fraction(60))
"""Frame rates in frames/s of clips with moving cameras, in turn."""
CAMERA_MOTIONS = (CameraMotion.PAN, CameraMotion.HANDHELD, CameraMotion.DOLLY)
PRIVATE_COLLECTIONS = ("animated_drawings", "cmu", "cmu_partners")
"""Collections of the private set in the archive. DeepMimic's is excluded, since the public set consists of it."""
PRIVATE_CLIPS = 40
"""Number of motions of the private set."""
SEED = 1000
"""First seed of the clips."""


@dataclass(frozen=True, slots=True)
class ClipSpec:
    """Specification of a synthetic clip: motions, random seed, camera and frame rate."""

    name: str
    group: str
    """STATIC, MOVING or SEVERAL."""
    motion_files: tuple[Path, ...]
    """Motion capture file of each person."""
    seed: int
    options: rendered_clip.SceneOptions
    fps: Fraction | None = None
    """Frame rate in frames/s; None: that of the motion, at most MAX_NATIVE_FPS."""

    def cache_key(self) -> str:
        """Returns a digest that changes with everything that decides the clip."""
        return cache_key([self.seed, asdict(self.options), str(self.fps)], self.motion_files)


def render_clip(spec: ClipSpec, cache_dir: Path | None = None) -> BenchClip:
    """Returns the clip of a specification, from the cache if it has been rendered before.

    Args:
        spec: specification of the clip.
        cache_dir: folder of cached clips; None: ``default_cache_dir``.

    Raises:
        BodydoubleError: a motion cannot be read or the clip cannot be written.
    """

    def build_clip_scene() -> rendered_clip.ClipScene:
        motions = [resample_for_video(mocap_files.read(path)[0].motion, spec.fps) for path in spec.motion_files]
        return rendered_clip.sample_scene(loop_to_equal_length(motions), spec.seed, spec.options)

    return load_or_render(spec.name, spec.cache_key(), build_clip_scene, cache_dir or default_cache_dir(), spec.group)


def public_set() -> list[ClipSpec]:
    """Returns the public test set: humanoid3d motions of the PyPI package pybullet. None was used for tuning.

    Raises:
        BodydoubleError: pybullet is not installed.
    """
    package = find_spec("pybullet_data")
    if package is None or package.origin is None:
        raise BodydoubleError("the public set needs the package pybullet; run: pip install 'bodydouble[bench]'")
    return clip_specs(sorted(Path(package.origin).parent.glob("data/motions/humanoid3d_*.txt")))


def private_set(archive: Path | None, folder: Path) -> list[ClipSpec]:
    """Returns a larger test set of motion capture that must not be redistributed: the test subjects of split.csv.

    Args:
        archive: tar file of the collections.
        folder: folder into which the motions are unpacked.

    Raises:
        BodydoubleError: the archive is missing or lacks a motion.
    """
    if archive is None:
        raise BodydoubleError("--set private needs an archive of motion capture: --mocap FILE")
    test_clips = [clip for clip in splits.select_clips("test") if clip.source in PRIVATE_COLLECTIONS]
    order = np.random.default_rng(SEED).permutation(len(test_clips))[:PRIVATE_CLIPS]
    return clip_specs(unpack(archive, [f"{test_clips[i].source}/{test_clips[i].file}" for i in order], folder))


def unpack(archive: Path, files: Sequence[str], folder: Path) -> list[Path]:
    """Unpacks files of an archive of motion capture, unless they are in the folder already.

    Returns:
        The files in the folder.

    Raises:
        BodydoubleError: the archive is missing or lacks a file.
    """
    if not archive.exists():
        raise BodydoubleError(f"{archive} does not exist; --mocap takes the archive of motion capture")
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
    """Specifies one clip per motion with a static camera, some with a moving camera and some with several people."""
    static = [
        ClipSpec(path.stem, STATIC, (path,), SEED + i, rendered_clip.SceneOptions(image_size=_image_size(i)))
        for i, path in enumerate(motions)
    ]
    moving = [
        ClipSpec(
            f"{path.stem}_{CAMERA_MOTIONS[i % 3]}", MOVING, (path,), SEED + 100 + i,
            rendered_clip.SceneOptions(CAMERA_MOTIONS[i % 3], _image_size(i)), MOVING_CAMERA_FPS[i % 4],
        )
        for i, path in enumerate(motions[1::3])
    ]  # fmt: skip
    several = [
        ClipSpec(
            f"{path.stem}_and_{1 + i % 5}_more", SEVERAL,
            tuple(motions[(4 * i + 2 + 5 * k) % len(motions)] for k in range(2 + i % 5)), SEED + 200 + i,
            rendered_clip.SceneOptions((CameraMotion.STATIC, *CAMERA_MOTIONS)[i % 4], occluder_count=i % 3),
            DEFAULT_FPS,
        )
        for i, path in enumerate(motions[2::4])
    ]  # fmt: skip
    return static + moving + several


def _image_size(index: int) -> tuple[int, int]:
    return rendered_clip.PORTRAIT if index % 4 == 3 else rendered_clip.LANDSCAPE


def resample_for_video(motion: Motion, fps: Fraction | None) -> Motion:
    """Resamples a motion to the frame rate of a video and cuts it to MAX_CLIP_SECONDS."""
    video_fps = fps or (DEFAULT_FPS if motion.fps > MAX_NATIVE_FPS else motion.fps)
    resampled = resample_motion(motion, video_fps)
    return slice_motion(resampled, slice(0, max(2, int(MAX_CLIP_SECONDS * video_fps))))


def loop_to_equal_length(motions: Sequence[Motion]) -> list[Motion]:
    """Extends motions to the length of the longest; shorter ones are played forwards and backwards in turn."""
    if not motions:
        raise FormatError("a clip needs at least one motion")
    frames = max(len(motion.rotations) for motion in motions)
    return [slice_motion(motion, ping_pong_indices(len(motion.rotations), frames)) for motion in motions]


def ping_pong_indices(length: int, frames: int) -> np.ndarray[tuple[int], np.dtype[np.int64]]:
    """Returns indices (frames,) that run from 0 to length - 1 and back, repeatedly."""
    cycle = np.concatenate([np.arange(length), np.arange(length - 2, 0, -1)])
    return np.asarray(np.resize(cycle, frames), dtype=np.int64)
