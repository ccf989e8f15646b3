"""Retargeting to characters of other proportions: feet, hand contacts, arms in the body, and time.

Motions are retargeted to the built-in characters, to copies of the mannequin with longer and shorter limbs or a
stout trunk, and to files. The copies are written as GLB and loaded again, as the file of a user is.
"""

import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from importlib.util import find_spec
from pathlib import Path

import numpy as np
from threadpoolctl import threadpool_limits

from bodydouble.bench import synthetic_set
from bodydouble.bench.clip_cache import default_cache_dir
from bodydouble.characters.arm_clearance import arm_depths, has_arms
from bodydouble.characters.body_fitting import fit_character
from bodydouble.characters.hand_contacts import can_keep_contacts, contact_errors
from bodydouble.characters.load import builtin_names, load_character
from bodydouble.characters.posed_body import measure_body
from bodydouble.characters.retarget import retarget
from bodydouble.data import Character, FloatArray, Mesh, Motion, Skeleton
from bodydouble.errors import BodydoubleError
from bodydouble.formats import fbx, gltf
from bodydouble.geometry import kinematics
from bodydouble.motion.body import body_landmarks
from bodydouble.motion.resampling.motion import slice_motion
from bodydouble.pipeline import Progress
from bodydouble.pipeline.animated_characters import retarget_to_character
from bodydouble.pipeline.foot_quality import measure_feet
from bodydouble.pipeline.motion_files import load_motions
from bodydouble.skeletons import adult_template, humanoid
from bodydouble.synthetic import mocap_files, splits
from bodydouble.synthetic.grounding import ground_motion

BASE = "mannequin"
"""Built-in character that is copied with other limbs and a stout trunk."""
LIMB_RATIOS = (0.5, 0.75, 1.0, 1.5, 2.0)
"""Lengths of legs or arms of characters, relative to those of an adult."""
STOUT_RATIO = 1.6
"""Width and depth of the trunk of the stout character, relative to that of the mannequin."""
TRUNK = ("hips", "spine", "chest", "upperChest")
MIN_DEPTH = 0.005
"""Depth in m of an arm in the body from which on the frame counts."""
MOCAP_CLIPS = 12
"""Number of motions of the archive, evenly spread over its test subjects."""
TIMED_FRAMES = 1000
"""Number of frames whose retargeting and writing is timed."""


@dataclass(frozen=True, slots=True)
class Target:
    """A character to which motions are retargeted."""

    name: str
    character: Character


@dataclass(frozen=True, slots=True)
class Stage:
    """Figures before or after the correction of the pose; NaN where nothing is measured."""

    slide_mm: float
    """Movement per 1/30 s of sole points in contact."""
    penetration_mm: float
    """Depth of the lowest sole point below the floor."""
    contact_error_mm: float
    """Distance of palms in contact from the place that keeps the contact."""
    arm_depth_mm: float
    """Depth of the deeper arm's axis in trunk, head or thighs, the mean over all frames."""
    arm_share_percent: float
    """Frames in which an arm's axis is deeper than 5 mm."""


@dataclass(frozen=True, slots=True)
class TargetFigures:
    """Figures of one target over all motions, means weighted by their frames."""

    name: str
    before: Stage
    after: Stage


@dataclass(frozen=True, slots=True)
class Seconds:
    """Processor time in s for 1,000 frames on one character."""

    name: str
    joints: int
    vertices: int
    retarget: float
    """Retargeting with the correction of the pose."""
    glb: float
    """Retargeting and writing a .glb file."""
    fbx: float
    """Retargeting and writing an .fbx file."""


@dataclass(frozen=True, slots=True)
class RetargetingResults:
    """Results of ``bench retarget``."""

    sources: dict[str, int]
    """Number of motions by their source."""
    frames: int
    """Number of frames of all motions."""
    targets: tuple[TargetFigures, ...]
    seconds: tuple[Seconds, ...]


def load_sources(mocap: Path | None, files: Sequence[Path]) -> dict[str, list[Motion]]:
    """Loads the motions by their source: the package pybullet, an archive of motion capture, and files.

    Motions without contacts with the floor get them, and are put on it.

    Raises:
        BodydoubleError: pybullet is not installed, or a file cannot be read.
    """
    package = find_spec("pybullet_data")
    if package is None or package.origin is None:
        raise BodydoubleError("the motions need the package pybullet; run: pip install 'bodydouble[bench]'")
    public = sorted(Path(package.origin).parent.glob("data/motions/humanoid3d_*.txt"))
    sources = {"DeepMimic": [_read_mocap(path) for path in public]}
    if mocap is not None:
        sources["motion capture"] = [_read_mocap(path) for path in _unpack_test_clips(mocap)]
    if files:
        sources["files"] = [named.motion for path in files for named in load_motions(path)]
    return sources


def _unpack_test_clips(archive: Path) -> list[Path]:
    clips = [clip for clip in splits.select_clips("test") if clip.source in synthetic_set.PRIVATE_COLLECTIONS]
    chosen = [clips[i * len(clips) // MOCAP_CLIPS] for i in range(MOCAP_CLIPS)]
    return synthetic_set.unpack(archive, [f"{c.source}/{c.file}" for c in chosen], default_cache_dir() / "mocap")


def _read_mocap(path: Path) -> Motion:
    motion = synthetic_set.resample_for_video(mocap_files.read(path)[0].motion, None)
    return ground_motion(motion, _landmarks)


def _landmarks(motion: Motion) -> FloatArray:
    return body_landmarks.landmark_positions(motion.skeleton, motion.rotations, motion.root_position)


def load_targets(files: Sequence[Path]) -> list[Target]:
    """Loads the targets: built-in characters, the mannequin with other limbs and a stout trunk, and files.

    Raises:
        BodydoubleError: a file contains no character.
    """
    builtin = {name: load_character(name) for name in builtin_names()}
    targets = [Target(f"{name} (built in)", character) for name, character in builtin.items()]
    base = builtin[BASE]
    shapes = [(f"legs x {ratio:g}", _with_limbs(base, ratio, 1.0)) for ratio in LIMB_RATIOS if ratio != 1]
    shapes += [(f"arms x {ratio:g}", _with_limbs(base, 1.0, ratio)) for ratio in LIMB_RATIOS if ratio != 1]
    shapes += [("legs and arms x 1", _with_limbs(base, 1.0, 1.0)), ("stout", _with_stout_trunk(base))]
    targets += [Target(f"{base.name}, {name}", _through_file(character)) for name, character in shapes]
    return targets + [Target(path.name, load_character(str(path))) for path in files]


def _with_limbs(base: Character, legs: float, arms: float) -> Character:
    """Returns a character of an adult's proportions with legs and arms of other lengths, its soles on the floor."""
    offsets = np.array(adult_template.REST_OFFSETS)
    for side in ("left", "right"):
        for bone, ratio in (("LowerLeg", legs), ("Foot", legs), ("LowerArm", arms), ("Hand", arms)):
            offsets[humanoid.INDEX[side + bone]] *= ratio
    leg = [humanoid.INDEX["leftLowerLeg"], humanoid.INDEX["leftFoot"]]
    offsets[0, 1] += (1 - legs) / legs * offsets[leg, 1].sum()
    return fit_character(base, Skeleton(humanoid.JOINTS, humanoid.PARENTS, offsets))


def _with_stout_trunk(base: Character) -> Character:
    """Returns a character of an adult's proportions whose trunk is wider and deeper."""
    character = _with_limbs(base, 1.0, 1.0)
    trunk = [character.humanoid[bone] for bone in TRUNK]

    def widen(mesh: Mesh) -> Mesh:
        share = np.sum(np.where(np.isin(mesh.joints, trunk), mesh.weights, 0.0), axis=1, keepdims=True)
        return replace(mesh, positions=mesh.positions * (1 + share * (STOUT_RATIO - 1) * [1.0, 0.0, 1.0]))

    return replace(character, meshes=tuple(widen(mesh) for mesh in character.meshes))


def _through_file(character: Character) -> Character:
    """Writes a character at rest as a GLB file, and loads it."""
    local = kinematics.local_rotations(character.skeleton.parents, character.rest_rotations)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / f"{character.name}.glb"
        gltf.write(path, character, local[None], character.skeleton.rest_offsets[:1], Fraction(30), "rest")
        return load_character(str(path))


def measure_targets(
    sources: dict[str, list[Motion]], targets: Sequence[Target], progress: Progress | None = None
) -> RetargetingResults:
    """Measures all motions on all targets, and the time for 1,000 frames."""
    progress = progress or Progress()
    motions = [motion for group in sources.values() for motion in group]
    with progress.stage("retargeting", len(targets)), threadpool_limits(1):
        figures = tuple(measure_target(target, motions) for target in progress.track(targets))
        seconds = tuple(measure_time(target, motions[0]) for target in targets)
    counts = {name: len(group) for name, group in sources.items()}
    return RetargetingResults(counts, sum(len(m.rotations) for m in motions), figures, seconds)


def measure_target(target: Target, motions: Sequence[Motion]) -> TargetFigures:
    """Measures motions on a target, before and after the correction of the pose."""
    pairs = [_measure_motion(target.character, motion) for motion in motions]
    weights = [len(motion.rotations) for motion in motions]
    before, after = (_mean_stage(stages, weights) for stages in zip(*pairs, strict=True))
    return TargetFigures(target.name, before, after)


def _measure_motion(template: Character, motion: Motion) -> tuple[Stage, Stage]:
    animated = retarget_to_character(motion, template)
    character = animated.character
    feet = measure_feet(motion, animated)
    shape = measure_body(character) if has_arms(character) else None
    poses = (retarget(motion, character), (animated.rotations, animated.hips_translation))
    stages = []
    for index, pose in enumerate(poses):
        depths = np.full((1, 2), np.nan) if shape is None else arm_depths(character, *pose, shape)
        errors = np.full(1, np.nan)
        if can_keep_contacts(character):
            errors = contact_errors(motion, character, *pose)
        deeper = depths.max(axis=1)
        stages.append(
            Stage(
                feet[index].slide_mm if feet else np.nan,
                feet[index].penetration_mm if feet else np.nan,
                1e3 * _mean(errors),
                1e3 * _mean(deeper),
                100 * _mean(np.where(np.isfinite(deeper), deeper > MIN_DEPTH, np.nan)),
            )
        )
    return stages[0], stages[1]


def _mean(values: FloatArray) -> float:
    """Returns the mean of the finite values; NaN without any."""
    finite = values[np.isfinite(values)]
    return float(finite.mean()) if len(finite) else float("nan")


def _mean_stage(stages: Sequence[Stage], weights: Sequence[int]) -> Stage:
    return Stage(
        **{name: _weighted_mean([getattr(stage, name) for stage in stages], weights) for name in Stage.__slots__}
    )


def _weighted_mean(values: Sequence[float], weights: Sequence[int]) -> float:
    known = np.isfinite(values)
    if not known.any():
        return float("nan")
    return float(np.average(np.array(values)[known], weights=np.array(weights)[known]))


def measure_time(target: Target, motion: Motion) -> Seconds:
    """Measures the time for 1,000 frames of a motion, played forwards and backwards, on a target."""
    frames = synthetic_set.ping_pong_indices(len(motion.rotations), TIMED_FRAMES)
    long = slice_motion(motion, frames)
    started = time.process_time()
    animated = retarget_to_character(long, target.character)
    seconds = time.process_time() - started
    with tempfile.TemporaryDirectory() as folder:
        glb_path, fbx_path = Path(folder) / "a.glb", Path(folder) / "a.fbx"
        glb = _seconds_of(
            lambda: gltf.write(
                glb_path, animated.character, animated.rotations, animated.hips_translation, long.fps, "motion"
            )
        )
        fbx_seconds = _seconds_of(lambda: fbx.write(fbx_path, [animated.fbx_model("person1")], long.fps, "motion"))
    vertices = sum(len(mesh.positions) for mesh in animated.character.meshes)
    joints = len(animated.character.skeleton.parents)
    return Seconds(target.name, joints, vertices, seconds, seconds + glb, seconds + fbx_seconds)


def _seconds_of(action: Callable[[], None]) -> float:
    started = time.process_time()
    action()
    return time.process_time() - started
