"""How far we are from the truth, on rendered people, beside what the networks alone would give."""

import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from importlib.util import find_spec
from pathlib import Path

import numpy as np

from bodydouble.data import FloatArray, Performance
from bodydouble.errors import BodydoubleError, NoPeopleError
from bodydouble.evaluation.comparison import Comparison, combine, compare_recordings
from bodydouble.evaluation.comparison_page import side_by_side
from bodydouble.evaluation.recording import Recording, recording
from bodydouble.evaluation.truth import deepmimic, rendered
from bodydouble.formats import bvh, performance
from bodydouble.geometry import camera
from bodydouble.pipeline import Monitor, capture
from bodydouble.skeletons import blazepose, humanoid

FASTEST = 40
"""Motions with more frames per second than this are halved, as a phone would film them."""
LANDMARK_OF_JOINT = {
    "UpperArm": "shoulder", "LowerArm": "elbow", "Hand": "wrist",
    "UpperLeg": "hip", "LowerLeg": "knee", "Foot": "ankle",
}  # fmt: skip
"""Joint (without its side) -> the landmark that stands for it."""
OURS, NETWORK, MEAN_POSE, CEILING = "bodydouble", "BlazePose world landmarks", "mean pose", "truth through BVH"


@dataclass(frozen=True, slots=True)
class TruthReport:
    """The figures of a set of clips by method."""

    clips: tuple[str, ...]
    frames: int
    quality: str
    methods: dict[str, Comparison]

    def rows(self) -> tuple[list[str], list[list[str]]]:
        """Headings and cells of a table with a column per method."""
        return side_by_side(self.methods)

    def markdown(self) -> str:
        """The same table for docs/accuracy.md."""
        headings, cells = self.rows()
        lines = [headings, ["---", *["--:"] * (len(headings) - 1)], *cells]
        return "".join(f"| {' | '.join(line)} |\n" for line in lines)


def public_motions() -> list[Path]:
    """The motions of the public test set: humanoid3d clips of the PyPI package pybullet. None was used in any tuning.

    Raises:
        BodydoubleError: pybullet is not installed.
    """
    found = find_spec("pybullet_data")
    if found is None or found.origin is None:
        raise BodydoubleError("the public set needs the package pybullet; run: pip install 'bodydouble[bench]'")
    return sorted(Path(found.origin).parent.glob("data/motions/humanoid3d_*.txt"))


def measure(
    motions: Sequence[Path], *, quality: str = "best", folder: Path | None = None, monitor: Monitor | None = None
) -> TruthReport:
    """Renders each motion once, captures it and compares.

    Args:
        motions: DeepMimic files.
        quality: as for ``pipeline.capture``.
        folder: where the clips are kept and, if they are there, reused; None: nowhere.
        monitor: is told about the progress.
    """
    monitor = monitor or Monitor()
    with tempfile.TemporaryDirectory() as scratch:
        place = folder or Path(scratch)
        place.mkdir(parents=True, exist_ok=True)
        with monitor.stage("rendering", len(motions)):
            clips = [_clip(path, seed, place) for seed, path in enumerate(monitor.counted(motions))]
        with monitor.stage("capture", len(clips)):
            captured = [_captured(video, quality) for video, _ in monitor.counted(clips)]
        truths = [performance.load(truth) for _, truth in clips]
    methods = _compared(captured, truths)
    return TruthReport(tuple(p.stem for p in motions), sum(t.frame_count for t in truths), quality, methods)


def _clip(path: Path, seed: int, folder: Path) -> tuple[Path, Path]:
    video, truth = folder / f"{path.stem}.mp4", folder / f"{path.stem}.npz"
    if not (video.exists() and truth.exists()):
        landmarks, fps = deepmimic.read(path)
        step = 2 if fps > FASTEST else 1
        rendered.make(rendered.shot(landmarks[::step], fps / step, seed), video, truth)
    return video, truth


def _captured(video: Path, quality: str) -> Performance | None:
    try:
        return capture(video, people="main", quality=quality)
    except NoPeopleError:
        return None


def _compared(captured: Sequence[Performance | None], truths: Sequence[Performance]) -> dict[str, Comparison]:
    true = [recording(truth) for truth in truths]
    ours = [_recording(one, truth) for one, truth in zip(captured, true, strict=True)]
    network = [one if raw is None else _network_alone(raw, one) for raw, one in zip(captured, ours, strict=True)]
    mean = _mean_pose(true)
    methods = {
        OURS: ours,
        NETWORK: network,
        MEAN_POSE: [_with_joints(truth, _constant(truth, mean)) for truth in true],
        CEILING: [_through_bvh(truth) for truth in truths],
    }
    return {
        name: combine([compare_recordings(a, b) for a, b in zip(found, true, strict=True)])
        for name, found in methods.items()
    }


def _recording(captured: Performance | None, truth: Recording) -> Recording:
    return Recording(truth.fps, truth.camera, ()) if captured is None else recording(captured)


def _with_joints(source: Recording, joints: FloatArray) -> Recording:
    """The first person with other joints (T, 22, 3) m, world, and nothing else estimated."""
    subject = source.subjects[0]
    bare = replace(
        subject,
        joints=joints,
        rotations=np.full_like(subject.rotations, np.nan),
        feet=np.full_like(subject.feet, np.nan),
        contacts=np.full_like(subject.contacts, np.nan),
    )
    return replace(source, subjects=(bare,))


def _network_alone(captured: Performance, ours: Recording) -> Recording:
    """The network's own rough joints, placed so that they project onto the network's own landmarks."""
    person = captured.people[0]
    view = captured.camera
    rough = person.track.rough_joints
    image = camera.rays(view.intrinsics, person.track.keypoints[..., :2])[..., :2]
    root = _placed(rough, image, person.track.keypoints[..., 2])
    world_from_camera = camera.inverse(view.camera_from_world[person.track.frames])
    joints = np.full((len(rough), len(humanoid.JOINTS), 3), np.nan)
    placed = camera.transform(world_from_camera, rough + root[:, None])
    for joint, landmark in _limb_joints():
        joints[:, joint] = placed[:, landmark]
    return _with_joints(ours, joints)


def _limb_joints() -> Iterator[tuple[int, int]]:
    for side in ("left", "right"):
        for joint, landmark in LANDMARK_OF_JOINT.items():
            yield humanoid.INDEX[side + joint], blazepose.INDEX[f"{side}_{landmark}"]


def _placed(points: FloatArray, image: FloatArray, confidence: FloatArray) -> FloatArray:
    """Translation (T, 3) that brings points (T, N, 3) onto the rays of image points (T, N, 2); least squares."""
    result = np.full((len(points), 3), np.nan)
    for t in np.flatnonzero(np.isfinite(points).all(axis=(1, 2))):
        weight = np.tile(np.sqrt(confidence[t]), 2)
        x, y = image[t].T
        ones, zeros = np.ones_like(x), np.zeros_like(x)
        rows = np.concatenate([np.stack([ones, zeros, -x], axis=1), np.stack([zeros, ones, -y], axis=1)])
        right = np.concatenate([x * points[t, :, 2] - points[t, :, 0], y * points[t, :, 2] - points[t, :, 1]])
        result[t] = np.linalg.lstsq(rows * weight[:, None], right * weight, rcond=None)[0]
    return result


def _mean_pose(true: Sequence[Recording]) -> FloatArray:
    """Mean (22, 3) m of all true poses, camera axes, relative to the hips."""
    poses = [one.in_camera(one.subjects[0]) for one in true]
    return np.asarray(np.concatenate([pose - pose[:, :1] for pose in poses]).mean(axis=0))


def _constant(truth: Recording, pose: FloatArray) -> FloatArray:
    subject = truth.subjects[0]
    hips = truth.in_camera(subject)[:, :1]
    return camera.transform(camera.inverse(truth.camera.camera_from_world[subject.frames]), hips + pose)


def _through_bvh(truth: Performance) -> Recording:
    """The true motion written to a BVH file and read back."""
    person = truth.people[0]
    with tempfile.TemporaryDirectory() as scratch:
        path = Path(scratch) / "motion.bvh"
        bvh.write(path, person.motion)
        read = bvh.read(path)
    motion = replace(read, contacts=person.motion.contacts, joint_sigma=person.motion.joint_sigma)
    return recording(replace(truth, people=(replace(person, motion=motion),)))
