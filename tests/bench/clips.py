"""Small synthetic clips for the tests of the benchmarks."""

from fractions import Fraction
from functools import partial
from pathlib import Path

from bodydouble.bench import staging, synthetic_set
from bodydouble.bench.clip_cache import ClipFactory
from bodydouble.bench.staging import Role, Scene
from bodydouble.synthetic import mocap_files, rendered_clip
from bodydouble.synthetic.cameras import CameraMotion
from tests.synthetic import motions


def specs(folder: Path, frames: int = 24) -> list[synthetic_set.ClipSpec]:
    """Specifies a clip with a static camera and one with a moving camera."""
    path = motions.write(folder / "squat.txt", motions.squats(frames))
    static = synthetic_set.ClipSpec(
        "static", synthetic_set.STATIC, (path,), 3, rendered_clip.SceneOptions(image_size=(640, 360))
    )
    moving = synthetic_set.ClipSpec(
        "moving", synthetic_set.MOVING, (path,), 4, rendered_clip.SceneOptions(CameraMotion.PAN, (640, 360))
    )
    return [static, moving]


def factories(folder: Path) -> list[ClipFactory]:
    """Returns factories of both clips; the motion is written to the folder."""
    return [partial(synthetic_set.render_clip, spec) for spec in specs(folder)]


def pair_scene() -> Scene:
    """Describes a clip of two people who squat."""
    roles = (
        Role("squat", 1, 11, (-0.6, 0.2), heading_deg=((0.0, -90.0),)),
        Role("squat", 2, 12, (0.7, -0.4), heading_deg=((0.0, -60.0),)),
    )
    return Scene("pair", "a test", 0.8, 3, roles)


def stage(scene: Scene, squat: Path) -> rendered_clip.ClipScene:
    """Builds a scene whose only motion is that of the file, at 25 frames/s."""
    motion = mocap_files.read(squat)[0].motion
    return staging.build_clip_scene(scene, {"squat": motion}, (320, 180), Fraction(25))
