"""Rendered faces: closed lids cover the irises, the gaze moves them, and the same seed gives the same face."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from bodydouble.data import BLENDSHAPE_COUNT, Face, FloatArray, RgbImage
from bodydouble.formats import performance
from bodydouble.geometry import camera, kinematics, rotation
from bodydouble.geometry.gaze import eye_directions, set_eye_directions
from bodydouble.skeletons.arkit import INDEX
from bodydouble.synthetic import rendered_clip, sensor
from bodydouble.synthetic.close_ups import expressions, face_parts, scene

SIZE = (640, 480)
IDEAL_EXPOSURE = sensor.Exposure((1.0, 1.0, 1.0), 0.0, 0.0, 1, 0)


@pytest.fixture(scope="module")
def face_scene() -> scene.FaceScene:
    return scene.sample_face_scene(3, 250.0, 2, SIZE)


def _draw(face_scene: scene.FaceScene, weights: FloatArray, gaze: FloatArray) -> RgbImage:
    """Draws the face of the first frame with weights (52,) and a gaze (2,), without noise."""
    frames = len(face_scene.sizes)
    directions = np.tile(gaze, (frames, 2, 1))
    face = Face(
        np.ones(frames, dtype=bool), set_eye_directions(np.tile(weights, (frames, 1)), directions),
        np.tile(gaze, (frames, 1)),
    )  # fmt: skip
    people = (replace(face_scene.scene.people[0], face=face),)
    return next(iter(rendered_clip.render_frames(replace(face_scene.scene, people=people, exposure=IDEAL_EXPOSURE))))


def _iris_pixels(face_scene: scene.FaceScene) -> FloatArray:
    """Returns the pixels (2, 2) of the middles of both irises of eyes that look straight ahead, first frame."""
    person, view = face_scene.scene.people[0], face_scene.scene.camera
    centers, radii = face_parts.eyeballs(person.body)
    head = person.body.joint_position("head")
    positions, world = kinematics.forward_kinematics(
        person.motion.skeleton, person.motion.rotations, person.motion.root_position
    )
    index = person.motion.skeleton.index("head")
    local = centers - head + radii[:, None] * [0.0, 0.0, 1.0]
    points = positions[0, index] + rotation.rotate(world[0, index], local)
    return camera.project(view.intrinsics, camera.transform(view.camera_from_world[0], points))


def _patch(image: RgbImage, pixel: FloatArray, radius: int = 1) -> FloatArray:
    x, y = np.round(pixel).astype(int)
    return image[y - radius : y + radius + 1, x - radius : x + radius + 1].reshape(-1, 3).astype(float)


def test_closed_lids_cover_the_irises(face_scene: scene.FaceScene) -> None:
    rest, closed = np.zeros(BLENDSHAPE_COUNT), np.zeros(BLENDSHAPE_COUNT)
    closed[[INDEX["eyeBlinkLeft"], INDEX["eyeBlinkRight"]]] = 1.0
    opened_image, closed_image = (_draw(face_scene, weights, np.zeros(2)) for weights in (rest, closed))
    cheek = _iris_pixels(face_scene).mean(axis=0) + np.array([0.0, 0.02 * SIZE[1]])
    skin = _patch(closed_image, cheek, 4).mean(axis=0)
    for pixel in _iris_pixels(face_scene):
        pupil, lid = _patch(opened_image, pixel).mean(axis=0), _patch(closed_image, pixel).mean(axis=0)
        assert pupil.mean() < 0.5 * skin.mean()
        assert lid.mean() > 0.6 * skin.mean()


def test_gaze_moves_the_irises_in_its_direction(face_scene: scene.FaceScene) -> None:
    rest = np.zeros(BLENDSHAPE_COUNT)
    images = [_draw(face_scene, rest, np.array([angle, 0.0])).astype(float) for angle in (0.35, -0.35)]
    for pixel in _iris_pixels(face_scene):
        window = (slice(int(pixel[1]) - 4, int(pixel[1]) + 5), slice(int(pixel[0]) - 9, int(pixel[0]) + 10))
        darkness = [np.clip(110.0 - image.mean(axis=-1)[window], 0.0, None).sum(axis=0) for image in images]
        middles = [dark @ np.arange(19) / max(float(dark.sum()), 1e-9) for dark in darkness]
        assert middles[0] > middles[1] + 1.5  # the person's left is the image's right


def test_jaw_opens_the_mouth(face_scene: scene.FaceScene) -> None:
    opened = np.zeros(BLENDSHAPE_COUNT)
    opened[INDEX["jawOpen"]] = 1.0
    images = [_draw(face_scene, weights, np.zeros(2)).astype(int) for weights in (np.zeros(BLENDSHAPE_COUNT), opened)]
    changed = np.argwhere(np.abs(images[0] - images[1]).max(axis=-1) > 40)[:, ::-1]
    eyes = _iris_pixels(face_scene)
    assert len(changed) > 300
    assert (changed[:, 1] > eyes[:, 1].mean()).mean() > 0.95


def test_face_round_trips_through_the_ground_truth(face_scene: scene.FaceScene, tmp_path: Path) -> None:
    path = tmp_path / "truth.npz"
    performance.save(path, rendered_clip.create_ground_truth(face_scene.scene))
    face = performance.load(path).people[0].face
    assert face is not None
    np.testing.assert_allclose(face.weights, face_scene.face.weights, atol=1e-6)
    np.testing.assert_allclose(face.gaze, face_scene.face.gaze, atol=1e-6)
    np.testing.assert_allclose(eye_directions(face.weights).mean(axis=1), face.gaze, atol=1e-6)


def test_seed_determines_the_face() -> None:
    first, again, other = (scene.sample_face_scene(seed, 150.0, 6, SIZE) for seed in (5, 5, 6))
    np.testing.assert_array_equal(first.face.weights, again.face.weights)
    np.testing.assert_array_equal(first.scene.camera.camera_from_world, again.scene.camera.camera_from_world)
    assert not np.allclose(first.scene.camera.camera_from_world, other.scene.camera.camera_from_world)


def test_expressions_do_not_depend_on_the_frame_rate() -> None:
    slow, fast = (expressions.sample_face(n, fps, np.random.default_rng(2)) for n, fps in ((60, 15.0), (119, 30.0)))
    np.testing.assert_allclose(fast.weights[::2], slow.weights, atol=1e-9)
    np.testing.assert_allclose(fast.gaze[::2], slow.gaze, atol=1e-9)


def test_expressions_vary_and_stay_within_their_range() -> None:
    face = expressions.sample_face(3000, 30.0, np.random.default_rng(0))
    assert face.weights.min() >= 0.0
    assert face.weights.max() <= 1.0
    never = {name for name, k in INDEX.items() if np.ptp(face.weights[:, k]) < 0.3}
    assert never == {"mouthClose", "tongueOut"}
