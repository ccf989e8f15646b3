"""Pipeline of the lifter: choice of motions, errors before any work, detections on rendered people."""

from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("torch")
pytest.importorskip("onnx")

from bodydouble.errors import InvalidDataError
from bodydouble.formats import bvh
from bodydouble.pipeline import Progress
from bodydouble.synthetic import splits
from bodydouble.training import detections
from bodydouble.training.augmentation import Recording
from bodydouble.training.lifter_pipeline import LifterOptions, load_recordings, train_lifter
from tests.training.scenes import swaying_motion


def write_motion(path: Path, frames: int) -> None:
    """Writes a motion of a length that identifies it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    bvh.write(path, swaying_motion(frames))


def lengths(recordings: dict[str, list[Recording]], split: str) -> list[int]:
    return sorted(len(recording.motion.rotations) for recording in recordings[split])


def test_subjects_are_split_by_the_table(tmp_path: Path) -> None:
    chosen = {
        split: next(c for c in splits.select_clips(split, "cmu") if c.file.endswith(".bvh")) for split in splits.SPLITS
    }
    for number, clip in enumerate(chosen.values()):
        write_motion(tmp_path / "cmu" / clip.file, 80 + number)
    recordings = load_recordings([tmp_path])
    assert {recording.source for split in recordings.values() for recording in split} == {"cmu"}
    assert {split: lengths(recordings, split) for split in recordings} == {
        "train": [80],
        "validation": [81],
        "test": [82],
    }


def test_every_tenth_unknown_clip_is_for_validation(tmp_path: Path) -> None:
    for number in range(12):
        write_motion(tmp_path / f"{number:02}.bvh", 70 + number)
    write_motion(tmp_path / "short.bvh", detections.WINDOW_FRAMES - 1)
    (tmp_path / "notes.txt").write_text("no motion")
    recordings = load_recordings([tmp_path])
    assert lengths(recordings, "validation") == [70, 80]
    assert lengths(recordings, "train") == [71, 72, 73, 74, 75, 76, 77, 78, 79, 81]
    assert not recordings["test"]


def test_too_little_motion_is_rejected_before_any_work(tmp_path: Path) -> None:
    write_motion(tmp_path / "one.bvh", 90)
    with pytest.raises(InvalidDataError, match="s of motion for train are too little"):
        train_lifter([tmp_path / "one.bvh"], tmp_path / "made", LifterOptions(), Progress())
    assert not list((tmp_path / "made").iterdir())


@pytest.mark.slow
def test_detections_of_a_rendered_person_are_near_the_ground_truth(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(detections, "WINDOW_FRAMES", 3)
    (clip,) = detections.render_and_detect(
        [Recording(swaying_motion(30))], 1, 4, [detections.SinglePersonObserver("fast")]
    )
    assert len(clip.keypoints) == len(clip.true_landmarks_3d) == len(clip.rotations) == 3
    image = clip.true_landmarks_3d @ clip.intrinsics.T
    errors = np.linalg.norm(image[..., :2] / image[..., 2:] - clip.keypoints[..., :2], axis=-1)
    height = np.ptp(image[..., 1] / image[..., 2])
    assert np.median(errors) < 0.15 * height
