"""Test set of identity association: clips of two to six people who cross, occlude each other, leave and return."""

from collections.abc import Mapping
from dataclasses import asdict, replace
from fractions import Fraction
from pathlib import Path

from bodydouble.bench import staging
from bodydouble.bench.clip_cache import BenchClip, cache_key, default_cache_dir, load_or_render
from bodydouble.bench.staging import Role, Scene, View, Wall
from bodydouble.bench.synthetic_set import public_set
from bodydouble.synthetic import mocap_files, rendered_clip
from bodydouble.synthetic.cameras import CameraMotion

IMAGE_SIZE = (960, 540)
"""Width and height of the clips in px."""
FPS = Fraction(25)
"""Frame rate of the clips in frames/s."""
RIGHT: staging.Keyframes = ((0.0, 0.0),)
"""Heading of a walk to the right of the image."""
LEFT: staging.Keyframes = ((0.0, 180.0),)
"""Heading of a walk to the left of the image."""
STANDING: staging.Keyframes = ((0.0, 0.0),)
"""Speed of a person who stands."""
FAST: staging.Keyframes = ((0.0, 1.5),)
"""Speed of a hasty person."""

SCENES = (
    Scene("cross", "two people walk past each other", 4.0, 1, (
        Role("walk", 1, 11, (0.0, 0.5), 2.0, RIGHT), Role("walk", 2, 12, (0.0, -0.5), 2.0, LEFT))),
    Scene("cross_alike", "two people walk past each other, dressed alike", 4.0, 2, (
        Role("walk", 3, 13, (0.0, 0.4), 2.0, RIGHT), Role("walk", 4, 13, (0.0, -0.5), 2.0, LEFT))),
    Scene("turn_back_alike", "two people dressed alike meet, turn and walk back", 5.0, 3, (
        Role("walk", 5, 14, (-0.1, 0.4), 2.5, ((2.0, 0.0), (3.0, 180.0))),
        Role("walk", 6, 14, (0.1, -0.5), 2.5, ((2.0, 180.0), (3.0, 360.0))))),
    Scene("turn_back", "two people meet, turn and walk back", 5.0, 4, (
        Role("walk", 7, 15, (0.1, 0.4), 2.5, ((2.0, 0.0), (3.0, 180.0))),
        Role("walk", 8, 16, (-0.1, -0.7), 2.5, ((2.0, 180.0), (3.0, 360.0))))),
    Scene("three", "three people cross at three depths", 4.4, 5, (
        Role("walk", 9, 17, (0.0, 0.9), 2.2, RIGHT), Role("walk", 10, 18, (0.0, 0.0), 2.0, LEFT),
        Role("walk", 11, 19, (0.2, -0.9), 2.4, ((0.0, 15.0),)))),
    Scene("behind_wall", "one person is occluded by a wall for three seconds", 6.0, 6, (
        Role("walk", 12, 20, (0.0, -0.4), 3.0, RIGHT, ((1.6, 1.0), (1.8, 0.0), (4.2, 0.0), (4.4, 1.0))),
        Role("dance_b", 13, 21, (1.6, 0.6))), walls=(Wall((0.0, 0.4), (0.45, 1.1, 0.08)),)),
    Scene("behind_person", "one person is occluded by a taller person for three seconds", 6.0, 7, (
        Role("walk", 45, 22, (0.0, 0.3), 0.0, ((0.0, -90.0),), STANDING),
        Role("walk", 17, 23, (0.0, -0.3), 3.0, ((1.3, 0.0), (1.7, -90.0), (4.3, -90.0), (4.7, 0.0)),
             ((1.4, 1.0), (1.6, 0.0), (4.4, 0.0), (4.6, 1.0))))),
    Scene("leave", "one person leaves the image and returns after two seconds", 6.0, 8, (
        Role("dance_b", 16, 24, (-0.5, 0.4)),
        Role("walk", 14, 25, (0.6, -0.4), 0.0, ((2.6, 0.0), (3.4, 180.0)), FAST)), (View(0.0, framed_roles=(0,)),)),
    Scene("leave_alike", "two people dressed alike leave on opposite sides and return", 6.0, 9, (
        Role("dance_a", 18, 26, (0.0, 0.6)),
        Role("walk", 19, 27, (0.8, -0.4), 0.0, ((2.6, 0.0), (3.4, 180.0)), FAST),
        Role("walk", 20, 27, (-0.8, -0.5), 0.0, ((2.6, 180.0), (3.4, 0.0)), FAST)), (View(0.0, framed_roles=(0,)),)),
    Scene("runner", "one person runs behind two others, and back", 5.0, 10, (
        Role("dance_b", 21, 28, (-0.8, 0.5)), Role("punch", 22, 29, (0.9, 0.4)),
        Role("run", 23, 30, (0.0, -1.2), 1.0, ((2.2, 0.0), (2.9, 180.0)))), (View(0.0, framed_roles=(0, 1)),)),
    Scene("couple", "two people dance closely around each other", 6.0, 11, (
        Role("dance_b", 24, 31, (0.0, 0.0), heading_deg=((0.0, 0.0), (6.0, -540.0)), orbit=(0.25, 0.25, 0.0)),
        Role("dance_b", 25, 32, (0.0, 0.0), heading_deg=((0.0, 180.0), (6.0, -360.0)), orbit=(0.25, 0.25, 0.5)))),
    Scene("two_couples", "two couples dance; handheld camera", 5.0, 12, (
        Role("dance_a", 26, 33, (-0.7, 0.5), heading_deg=((0.0, 0.0), (5.0, -360.0)), orbit=(0.55, 0.2, 0.0)),
        Role("dance_b", 27, 34, (-0.7, 0.5), heading_deg=((0.0, 180.0), (5.0, -180.0)), orbit=(0.55, 0.2, 0.5)),
        Role("dance_b", 28, 35, (0.8, -0.5), heading_deg=((0.0, 90.0), (5.0, 450.0)), orbit=(0.55, -0.2, 0.2)),
        Role("dance_a", 29, 36, (0.8, -0.5), heading_deg=((0.0, 270.0), (5.0, 630.0)), orbit=(0.55, -0.2, 0.7))),
        (View(0.0, camera_motion=CameraMotion.HANDHELD),)),
    Scene("floor", "one person gets up from the floor while two walk past", 4.4, 13, (
        Role("getup_facedown", 30, 37, (0.0, 0.0)), Role("walk", 31, 38, (0.0, 0.9), 2.2, LEFT),
        Role("walk", 32, 39, (0.0, -0.9), 2.0, RIGHT))),
    Scene("five", "five people walk in different directions; panning camera", 4.8, 14, (
        Role("walk", 33, 40, (0.0, 1.2), 2.4, RIGHT), Role("walk", 34, 41, (0.0, 0.4), 2.2, LEFT),
        Role("walk", 35, 42, (0.3, -0.4), 2.6, ((0.0, 20.0),)), Role("walk", 36, 43, (-0.5, -1.2), 2.4, LEFT),
        Role("dance_b", 37, 44, (0.9, -2.5))), (View(0.0, camera_motion=CameraMotion.PAN),)),
    Scene("six", "six people cross in two directions, two of them dressed alike", 4.8, 15, (
        Role("walk", 38, 45, (-1.1, 1.5), 2.4, RIGHT), Role("walk", 39, 46, (0.9, 0.9), 2.4, LEFT),
        Role("walk", 40, 47, (0.0, 0.3), 2.4, RIGHT), Role("walk", 41, 47, (-0.2, -0.3), 2.4, LEFT),
        Role("walk", 42, 48, (1.1, -0.9), 2.4, RIGHT), Role("walk", 43, 49, (-1.3, -1.5), 2.4, LEFT))),
    Scene("cut", "three people; a cut to a camera on the opposite side", 5.0, 16, (
        Role("walk", 44, 50, (-0.2, 0.6), 2.5, RIGHT), Role("walk", 45, 51, (0.2, -0.6), 2.5, LEFT),
        Role("dance_b", 46, 52, (0.0, -1.5))), (View(2.6, -20.0), View(0.0, 130.0))),
    Scene("cut_away", "two people, one of them alone, both again: two cuts", 6.0, 17, (
        Role("dance_a", 47, 53, (-0.9, 0.0)), Role("dance_b", 48, 54, (0.9, 0.2))),
        (View(2.0, 10.0), View(4.0, -30.0, (1,)), View(0.0, 60.0))),
)  # fmt: skip
"""Scenes of the test set: positions in m, times in s. The numbers after a motion are seeds of body and clothes."""


def motion_files() -> dict[str, Path]:
    """Returns the files of the motions of the PyPI package pybullet by name.

    Raises:
        BodydoubleError: pybullet is not installed.
    """
    paths = {path for spec in public_set() for path in spec.motion_files}
    return {path.stem.removeprefix("humanoid3d_"): path for path in paths}


def render_clip(scene: Scene, files: Mapping[str, Path], cache_dir: Path | None = None) -> BenchClip:
    """Returns the clip of a scene, from the cache if it has been rendered before.

    Args:
        scene: description of the clip.
        files: motion capture files by name of the motion.
        cache_dir: folder of cached clips; None: ``default_people_dir``.

    Raises:
        BodydoubleError: a motion cannot be read or the clip cannot be written.
    """
    names = sorted({role.motion for role in scene.roles})

    def build_clip_scene() -> rendered_clip.ClipScene:
        motions = {name: mocap_files.read(files[name])[0].motion for name in names}
        return staging.build_clip_scene(scene, motions, IMAGE_SIZE, FPS)

    description = [asdict(replace(scene, purpose="")), IMAGE_SIZE, str(FPS)]
    key = cache_key(description, [files[name] for name in names])
    return load_or_render(scene.name, key, build_clip_scene, cache_dir or default_people_dir())


def default_people_dir() -> Path:
    """Returns the default cache folder of ``bench people``, beside that of ``bench truth``."""
    return default_cache_dir().with_name("people")
