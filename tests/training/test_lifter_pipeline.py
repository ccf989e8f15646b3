"""From motion capture to the network: who is learned from, and that too little is told."""

from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("torch")
pytest.importorskip("onnx")

from bodydouble.data import Motion
from bodydouble.errors import InvalidDataError
from bodydouble.formats import bvh
from bodydouble.perception.pose.blazepose import BlazePose
from bodydouble.pipeline import Progress
from bodydouble.synthetic import splits
from bodydouble.training import detections
from bodydouble.training.lifter_pipeline import LifterOptions, load_motions, train_lifter
from tests.training.scenes import moving


def write(path: Path, frames: int) -> None:
    """Each file has a length of its own, by which it is known again."""
    path.parent.mkdir(parents=True, exist_ok=True)
    bvh.write(path, moving(frames))


def lengths(found: dict[str, list[Motion]], split: str) -> list[int]:
    return sorted(len(motion.rotations) for motion in found[split])


def test_subjects_are_split_by_the_table(tmp_path: Path) -> None:
    chosen = {
        split: next(c for c in splits.select_clips(split, "cmu") if c.file.endswith(".bvh")) for split in splits.SPLITS
    }
    for number, clip in enumerate(chosen.values()):
        write(tmp_path / "cmu" / clip.file, 80 + number)
    found = load_motions([tmp_path])
    assert {split: lengths(found, split) for split in found} == {"train": [80], "validation": [81], "test": [82]}


def test_of_others_every_tenth_is_for_validation(tmp_path: Path) -> None:
    for number in range(12):
        write(tmp_path / f"{number:02}.bvh", 70 + number)
    write(tmp_path / "short.bvh", detections.WINDOW_FRAMES - 1)
    (tmp_path / "notes.txt").write_text("no motion")
    found = load_motions([tmp_path])
    assert lengths(found, "validation") == [70, 80]
    assert lengths(found, "train") == [71, 72, 73, 74, 75, 76, 77, 78, 79, 81]
    assert not found["test"]


def test_too_little_motion_is_told_before_any_work(tmp_path: Path) -> None:
    write(tmp_path / "one.bvh", 90)
    with pytest.raises(InvalidDataError, match="s of motion for train are too little"):
        train_lifter([tmp_path / "one.bvh"], tmp_path / "made", LifterOptions(), Progress())
    assert not list((tmp_path / "made").iterdir())


@pytest.mark.slow
def test_a_rendered_person_is_seen_where_they_are(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(detections, "WINDOW_FRAMES", 3)
    (clip,) = detections.render_and_detect([moving(30)], 1, 4, [BlazePose("lite")])
    assert len(clip.keypoints) == len(clip.true_landmarks_3d) == len(clip.rotations) == 3
    image = clip.true_landmarks_3d @ clip.intrinsics.T
    off = np.linalg.norm(image[..., :2] / image[..., 2:] - clip.keypoints[..., :2], axis=-1)
    tall = np.ptp(image[..., 1] / image[..., 2])
    assert np.median(off) < 0.15 * tall
