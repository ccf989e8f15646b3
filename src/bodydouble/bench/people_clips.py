"""The clips on which identities are measured: two to six people who cross, hide each other, leave and come back."""

import hashlib
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from fractions import Fraction
from pathlib import Path

from bodydouble.bench import staging
from bodydouble.bench.staging import Role, Scene, View, Wall
from bodydouble.bench.synthetic_set import default_cache_dir, public_set, renderer_digest
from bodydouble.formats.atomic import ensure_folder
from bodydouble.synthetic import mocap_files, rendered_clip
from bodydouble.synthetic.cameras import Move

IMAGE_SIZE = (960, 540)
FPS = Fraction(25)
FACING_RIGHT: staging.Keyframes = ((0.0, 0.0),)
FACING_LEFT: staging.Keyframes = ((0.0, 180.0),)
STANDING: staging.Keyframes = ((0.0, 0.0),)
FAST_PACE: staging.Keyframes = ((0.0, 1.5),)

SCENES = (
    Scene("cross", "two walk past each other", 4.0, 1, (
        Role("walk", 1, 11, (0.0, 0.5), 2.0, FACING_RIGHT), Role("walk", 2, 12, (0.0, -0.5), 2.0, FACING_LEFT))),
    Scene("cross_alike", "the same, dressed alike", 4.0, 2, (
        Role("walk", 3, 13, (0.0, 0.4), 2.0, FACING_RIGHT), Role("walk", 4, 13, (0.0, -0.5), 2.0, FACING_LEFT))),
    Scene("turn_back_alike", "two dressed alike meet, turn and go back", 5.0, 3, (
        Role("walk", 5, 14, (-0.1, 0.4), 2.5, ((2.0, 0.0), (3.0, 180.0))),
        Role("walk", 6, 14, (0.1, -0.5), 2.5, ((2.0, 180.0), (3.0, 360.0))))),
    Scene("turn_back", "the same, dressed differently", 5.0, 4, (
        Role("walk", 7, 15, (0.1, 0.4), 2.5, ((2.0, 0.0), (3.0, 180.0))),
        Role("walk", 8, 16, (-0.1, -0.7), 2.5, ((2.0, 180.0), (3.0, 360.0))))),
    Scene("three", "three cross at three depths", 4.4, 5, (
        Role("walk", 9, 17, (0.0, 0.9), 2.2, FACING_RIGHT), Role("walk", 10, 18, (0.0, 0.0), 2.0, FACING_LEFT),
        Role("walk", 11, 19, (0.2, -0.9), 2.4, ((0.0, 15.0),)))),
    Scene("behind_wall", "one stands behind a wall for three seconds", 6.0, 6, (
        Role("walk", 12, 20, (0.0, -0.4), 3.0, FACING_RIGHT, ((1.6, 1.0), (1.8, 0.0), (4.2, 0.0), (4.4, 1.0))),
        Role("dance_b", 13, 21, (1.6, 0.6))), walls=(Wall((0.0, 0.4), (0.45, 1.1, 0.08)),)),
    Scene("behind_person", "one stands behind somebody taller for three seconds", 6.0, 7, (
        Role("walk", 45, 22, (0.0, 0.3), 0.0, ((0.0, -90.0),), STANDING),
        Role("walk", 17, 23, (0.0, -0.3), 3.0, ((1.3, 0.0), (1.7, -90.0), (4.3, -90.0), (4.7, 0.0)),
             ((1.4, 1.0), (1.6, 0.0), (4.4, 0.0), (4.6, 1.0))))),
    Scene("leave", "one leaves the picture and comes back after two seconds", 6.0, 8, (
        Role("dance_b", 16, 24, (-0.5, 0.4)),
        Role("walk", 14, 25, (0.6, -0.4), 0.0, ((2.6, 0.0), (3.4, 180.0)), FAST_PACE)), (View(0.0, framed_roles=(0,)),)),
    Scene("leave_alike", "two dressed alike leave on both sides and come back", 6.0, 9, (
        Role("dance_a", 18, 26, (0.0, 0.6)),
        Role("walk", 19, 27, (0.8, -0.4), 0.0, ((2.6, 0.0), (3.4, 180.0)), FAST_PACE),
        Role("walk", 20, 27, (-0.8, -0.5), 0.0, ((2.6, 180.0), (3.4, 0.0)), FAST_PACE)), (View(0.0, framed_roles=(0,)),)),
    Scene("runner", "somebody runs through behind two, and back again", 5.0, 10, (
        Role("dance_b", 21, 28, (-0.8, 0.5)), Role("punch", 22, 29, (0.9, 0.4)),
        Role("run", 23, 30, (0.0, -1.2), 1.0, ((2.2, 0.0), (2.9, 180.0)))), (View(0.0, framed_roles=(0, 1)),)),
    Scene("couple", "two dance closely around each other", 6.0, 11, (
        Role("dance_b", 24, 31, (0.0, 0.0), heading_deg=((0.0, 0.0), (6.0, -540.0)), orbit=(0.25, 0.25, 0.0)),
        Role("dance_b", 25, 32, (0.0, 0.0), heading_deg=((0.0, 180.0), (6.0, -360.0)), orbit=(0.25, 0.25, 0.5)))),
    Scene("two_couples", "four dance in two couples, filmed by hand", 5.0, 12, (
        Role("dance_a", 26, 33, (-0.7, 0.5), heading_deg=((0.0, 0.0), (5.0, -360.0)), orbit=(0.55, 0.2, 0.0)),
        Role("dance_b", 27, 34, (-0.7, 0.5), heading_deg=((0.0, 180.0), (5.0, -180.0)), orbit=(0.55, 0.2, 0.5)),
        Role("dance_b", 28, 35, (0.8, -0.5), heading_deg=((0.0, 90.0), (5.0, 450.0)), orbit=(0.55, -0.2, 0.2)),
        Role("dance_a", 29, 36, (0.8, -0.5), heading_deg=((0.0, 270.0), (5.0, 630.0)), orbit=(0.55, -0.2, 0.7))),
        (View(0.0, move=Move.HANDHELD),)),
    Scene("floor", "one gets up from the floor while two walk by", 4.4, 13, (
        Role("getup_facedown", 30, 37, (0.0, 0.0)), Role("walk", 31, 38, (0.0, 0.9), 2.2, FACING_LEFT),
        Role("walk", 32, 39, (0.0, -0.9), 2.0, FACING_RIGHT))),
    Scene("five", "five go their ways, the camera follows", 4.8, 14, (
        Role("walk", 33, 40, (0.0, 1.2), 2.4, FACING_RIGHT), Role("walk", 34, 41, (0.0, 0.4), 2.2, FACING_LEFT),
        Role("walk", 35, 42, (0.3, -0.4), 2.6, ((0.0, 20.0),)), Role("walk", 36, 43, (-0.5, -1.2), 2.4, FACING_LEFT),
        Role("dance_b", 37, 44, (0.9, -2.5))), (View(0.0, move=Move.PAN),)),
    Scene("six", "three walk to the right, three to the left, two of them dressed alike", 4.8, 15, (
        Role("walk", 38, 45, (-1.1, 1.5), 2.4, FACING_RIGHT), Role("walk", 39, 46, (0.9, 0.9), 2.4, FACING_LEFT),
        Role("walk", 40, 47, (0.0, 0.3), 2.4, FACING_RIGHT), Role("walk", 41, 47, (-0.2, -0.3), 2.4, FACING_LEFT),
        Role("walk", 42, 48, (1.1, -0.9), 2.4, FACING_RIGHT), Role("walk", 43, 49, (-1.3, -1.5), 2.4, FACING_LEFT))),
    Scene("cut", "three go on after a cut to a camera on the other side", 5.0, 16, (
        Role("walk", 44, 50, (-0.2, 0.6), 2.5, FACING_RIGHT), Role("walk", 45, 51, (0.2, -0.6), 2.5, FACING_LEFT),
        Role("dance_b", 46, 52, (0.0, -1.5))), (View(2.6, -20.0), View(0.0, 130.0))),
    Scene("cut_away", "two, one of them alone, and both again: two cuts", 6.0, 17, (
        Role("dance_a", 47, 53, (-0.9, 0.0)), Role("dance_b", 48, 54, (0.9, 0.2))),
        (View(2.0, 10.0), View(4.0, -30.0, (1,)), View(0.0, 60.0))),
)  # fmt: skip
"""Places in m, times in s. The numbers after the motion are the seeds of body and clothes."""


@dataclass(frozen=True, slots=True)
class BenchClip:
    """A clip that was made."""

    name: str
    video: Path
    truth: Path


ClipFactory = Callable[[Path | None], BenchClip]
"""Makes a clip in a folder, None being the default, unless it is there already."""


def motion_files() -> dict[str, Path]:
    """Name -> file of the motions, those of the PyPI package pybullet.

    Raises:
        BodydoubleError: pybullet is not installed.
    """
    paths = {path for recipe in public_set() for path in recipe.motion_files}
    return {path.stem.removeprefix("humanoid3d_"): path for path in paths}


def render_clip(scene: Scene, files: Mapping[str, Path], folder: Path | None = None) -> BenchClip:
    """The clip of a scene; it is made unless it is there already.

    Args:
        scene: what is to be seen.
        files: name -> file of each motion.
        folder: where clips are kept; default: beside those of ``bench truth``.

    Raises:
        BodydoubleError: a motion cannot be read or the clip cannot be written.
    """

    def build_shot() -> rendered_clip.Shot:
        motions = {name: mocap_files.read(files[name])[0].motion for name in _motion_names(scene.roles)}
        return staging.build_shot(scene, motions, IMAGE_SIZE, FPS)

    return load_or_render(scene.name, _cache_key(scene, files), build_shot, folder)


def load_or_render(name: str, key: str, build_shot: Callable[[], rendered_clip.Shot], folder: Path | None) -> BenchClip:
    """The clip of a shot; it is made unless it is there already.

    Args:
        name: of the clip.
        key: changes with everything that decides the pixels of the clip.
        build_shot: gives the shot.
        folder: where clips are kept; default: beside those of ``bench truth``.

    Raises:
        BodydoubleError: the clip cannot be written.
    """
    folder = folder or default_cache_dir().with_name("people")
    clip = BenchClip(name, folder / f"{name}_{key}.mp4", folder / f"{name}_{key}.npz")
    if not (clip.video.exists() and clip.truth.exists()):
        ensure_folder(folder)
        rendered_clip.make(build_shot(), clip.video, clip.truth)
    return clip


def _cache_key(scene: Scene, files: Mapping[str, Path]) -> str:
    """Changes with everything that decides the pixels of the clip, our own code included."""
    content = [files[name].read_bytes() for name in _motion_names(scene.roles)]
    code = Path(staging.__file__).read_bytes()
    plain = json.dumps([asdict(replace(scene, purpose="")), IMAGE_SIZE, str(FPS), renderer_digest()]).encode()
    return hashlib.sha256(b"".join([plain, code, *content])).hexdigest()[:12]


def _motion_names(roles: Sequence[Role]) -> list[str]:
    return sorted({role.motion for role in roles})
