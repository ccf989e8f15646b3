"""Annotated windows: their points are exact, and the loss pulls predictions toward them."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("torch")

import torch

from bodydouble.data import Camera, Performance, Person
from bodydouble.data.annotations import AnnotatedKeypoint, Annotations, KeypointState
from bodydouble.data.corrections import Rename
from bodydouble.errors import FormatError, InvalidDataError, NoPeopleError
from bodydouble.formats import annotations as annotation_files
from bodydouble.formats import performance as performance_files
from bodydouble.motion.annotations.annotated_track import interpolate_annotations
from bodydouble.skeletons import blazepose
from bodydouble.training.annotated import (
    HIDDEN_WEIGHT,
    INTERPOLATED_WEIGHT,
    load_annotated_windows,
    windows_of_person,
)
from bodydouble.training.detections import FPS, WINDOW_FRAMES
from bodydouble.training.unlabelled import UnlabelledWindow, sample_windows, stack_windows, windows_from_track
from bodydouble.training.unlabelled_loss import ObservedPoints, compute_unlabelled_loss_terms, flip_prediction
from tests.motion.scenes import IMAGE_SIZE, simulated_track
from tests.training import unlabelled_scenes as scenes
from tests.training.scenes import INTRINSICS

WRIST, ANKLE, NOSE = (blazepose.INDEX[name] for name in ("left_wrist", "right_ankle", "nose"))
SHIFT = np.array([30.0, -20.0])
FIRST, LAST = 20, 24


def person(frames: int = WINDOW_FRAMES) -> Person:
    """The person of ``scenes.labelled_window``."""
    motion = scenes.swaying_motion(frames)
    return Person("person1", simulated_track(motion, scenes.camera_pose(0), INTRINSICS), motion)


def keyed(shown: Person, frame: int, landmark: str, state: KeypointState = KeypointState.VISIBLE) -> AnnotatedKeypoint:
    """A landmark that is annotated at a distance from where it was detected."""
    x, y = (shown.track.keypoints[frame, blazepose.INDEX[landmark], :2] + SHIFT).tolist()
    return AnnotatedKeypoint("person1", frame, landmark, state, None if state is KeypointState.ABSENT else (x, y))


def annotations_of(shown: Person) -> tuple[AnnotatedKeypoint, ...]:
    return (
        keyed(shown, FIRST, "left_wrist"),
        keyed(shown, LAST, "left_wrist"),
        keyed(shown, FIRST, "right_ankle", KeypointState.HIDDEN),
        keyed(shown, FIRST, "nose", KeypointState.ABSENT),
    )


@pytest.fixture(scope="module")
def window() -> UnlabelledWindow:
    shown = person()
    annotated = interpolate_annotations(annotations_of(shown), shown.track.frames, float(FPS))
    (only,) = windows_of_person(shown, annotated, INTRINSICS, float(FPS))
    return only


def test_weights_are_those_of_the_states(window: UnlabelledWindow) -> None:
    expected = np.zeros((WINDOW_FRAMES, 33))
    expected[FIRST : LAST + 1, WRIST] = INTERPOLATED_WEIGHT
    expected[[FIRST, LAST], WRIST] = 1.0
    expected[FIRST, ANKLE] = HIDDEN_WEIGHT
    np.testing.assert_allclose(window.exactness, expected)
    assert window.confidence[FIRST, NOSE] == 0.0
    assert window.confidence[FIRST - 1, NOSE] > 0.0


def test_detections_stay_and_annotated_points_are_in_the_same_view(window: UnlabelledWindow) -> None:
    shown = person()
    (detected,) = windows_from_track(shown.track, INTRINSICS, float(FPS))
    np.testing.assert_allclose(window.points, detected.points)
    np.testing.assert_allclose(window.exact_points[window.exactness == 0], window.points[window.exactness == 0])
    moved = shown.track.keypoints.copy()
    moved[FIRST, WRIST, :2] += SHIFT
    (expected,) = windows_from_track(replace(shown.track, keypoints=moved), INTRINSICS, float(FPS))
    # The size of the person is the median over frames, which one wrist does not change.
    np.testing.assert_allclose(window.exact_points[FIRST, WRIST], expected.points[FIRST, WRIST], atol=1e-3)
    assert np.linalg.norm(window.exact_points[FIRST, WRIST] - window.points[FIRST, WRIST]) > 0.1


def test_loss_pulls_predictions_toward_annotated_points(window: UnlabelledWindow) -> None:
    observed = ObservedPoints.from_windows(stack_windows([window]))
    prediction = scenes.true_prediction([scenes.labelled_window()])
    points = prediction.points.clone().requires_grad_()
    rotations = prediction.rotations.clone().requires_grad_()
    moving = replace(prediction, points=points, rotations=rotations)
    terms = compute_unlabelled_loss_terms(moving, flip_prediction(prediction), observed)
    terms["unlabelled_annotated"].backward(retain_graph=True)
    gradient = points.grad
    assert gradient is not None
    towards = torch.from_numpy(window.exact_points[None]).float() - points.detach()
    is_exact = torch.from_numpy(window.exactness[None] > 0)
    assert ((-gradient * towards).sum(dim=-1)[is_exact] > 0).all()
    assert (gradient[~is_exact] == 0).all()
    keyed_pull, interpolated_pull = (gradient[0, frame, WRIST].abs().sum() for frame in (FIRST, FIRST + 1))
    assert keyed_pull == pytest.approx(float(interpolated_pull) / INTERPOLATED_WEIGHT)
    terms["unlabelled_skeleton"].backward()
    assert rotations.grad is not None
    turned = replace(prediction, rotations=prediction.rotations - 0.02 * rotations.grad)
    after = compute_unlabelled_loss_terms(turned, flip_prediction(prediction), observed)
    assert after["unlabelled_skeleton"] < terms["unlabelled_skeleton"]


def test_unlabelled_windows_have_no_annotated_term() -> None:
    labelled = scenes.labelled_window()
    observed = ObservedPoints.from_windows(stack_windows([scenes.unlabelled_window(labelled)]))
    prediction = scenes.true_prediction([labelled])
    wrong = replace(prediction, points=prediction.points + 1.0)
    terms = compute_unlabelled_loss_terms(wrong, flip_prediction(wrong), observed)
    assert terms["unlabelled_annotated"] == 0.0


def test_half_of_the_windows_drawn_are_annotated(window: UnlabelledWindow) -> None:
    unlabelled = [scenes.unlabelled_window(scenes.labelled_window())] * 50
    drawn = sample_windows([*unlabelled, window], 8, np.random.default_rng(0))
    assert drawn.exactness.any(axis=(1, 2)).sum() >= 4
    assert not sample_windows(unlabelled, 8, np.random.default_rng(0)).exactness.any()


def save_pair(folder: Path, frames: int = WINDOW_FRAMES) -> Path:
    """Writes a performance with annotations beside it."""
    shown = person(frames)
    camera = Camera(IMAGE_SIZE, INTRINSICS, np.tile(scenes.camera_pose(0), (frames, 1, 1)))
    folder.mkdir(exist_ok=True)
    performance_files.save(folder / "performance.npz", Performance(FPS, frames, camera, (shown,)))
    annotation_files.save(folder / "annotations.json", Annotations(annotations_of(shown)))
    return folder / "performance.npz"


def test_windows_are_loaded_from_files_and_folders(tmp_path: Path, window: UnlabelledWindow) -> None:
    path = save_pair(tmp_path / "clip_bodydouble")
    (tmp_path / "dance.npz").write_bytes(path.read_bytes())
    (tmp_path / "dance_annotations.json").write_bytes(path.with_name("annotations.json").read_bytes())
    for given, count in ((path, 1), (tmp_path / "dance.npz", 1), (tmp_path, 2)):
        loaded = load_annotated_windows([given])
        assert len(loaded) == count
        np.testing.assert_allclose(loaded[0].exact_points, window.exact_points, atol=1e-3)


def test_performances_without_use_are_refused(tmp_path: Path) -> None:
    with pytest.raises(FormatError, match=r"contains no performance\.npz with annotations\.json beside it"):
        load_annotated_windows([tmp_path])
    path = save_pair(tmp_path / "a")
    performance = performance_files.load(path)
    performance_files.save(path, replace(performance, corrections=(Rename("person1", "Anna"),)))
    with pytest.raises(FormatError, match="is corrected already; training needs the automatic performance"):
        load_annotated_windows([path])
    annotation_files.save(
        path.with_name("annotations.json"), Annotations((AnnotatedKeypoint("x", 3, "nose", pixel=(1, 2)),))
    )
    performance_files.save(path, performance)
    with pytest.raises(InvalidDataError, match="there is no person 'x'"):
        load_annotated_windows([path])
    path.with_name("annotations.json").unlink()
    with pytest.raises(FormatError, match="there are no annotations beside"):
        load_annotated_windows([path])
    with pytest.raises(NoPeopleError, match=r"nobody annotated in .* is visible for 2\.1 s"):
        load_annotated_windows([save_pair(tmp_path / "b", frames=30)])
