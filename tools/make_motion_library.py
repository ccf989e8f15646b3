"""Makes the library of ready motions, src/bodydouble/pipeline/motions.npz, and a contact sheet of it.

Two motions are captured from the example clips (BSD-3-Clause, see examples/LICENSE-sports2d.txt), cut and looped::

    python tools/make_motion_library.py

All others are written as key poses and gaits in tools/authoring. ``--sheet FILE.png`` renders every motion on the
mannequin, from the front and from the side.
"""

import argparse
import hashlib
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from authoring.repertoire import PROCEDURAL
from bodydouble.data import Motion
from bodydouble.geometry import kinematics, rotation
from bodydouble.motion.floor.contacts import contact_probability, sole_positions
from bodydouble.motion.loop import make_loop
from bodydouble.motion.resampling.motion import slice_motion
from bodydouble.pipeline.capturing import capture_clip, prepare_capture
from bodydouble.pipeline.looping import plant_loop
from bodydouble.pipeline.motion_library import LIBRARY_FILE, LibraryMotion, save
from bodydouble.pipeline.progress import Progress
from bodydouble.pipeline.root_motion import keep_in_place

EXAMPLES = Path(__file__).parents[1] / "examples"
OWN = "written as key poses, tools/authoring", "Apache-2.0"
CAPTURED = "captured from examples/{clip}, demonstration video of Sports2D by David Pagnon", "BSD-3-Clause"
UP = np.array([0.0, 1.0, 0.0])


@dataclass(frozen=True)
class Excerpt:
    """Part of a capture that becomes a loop."""

    name: str
    description: str
    clip: str
    person: int
    """Index of the person in the capture."""
    frames: slice
    stays: bool
    """Whether the motion stays in its place."""


EXCERPTS = (
    Excerpt("walk", "walk straight ahead", "walk.mp4", 0, slice(0, 90), False),
    Excerpt("jumping-jack", "jumping jack", "street.mp4", 1, slice(0, 62), True),
)


def main() -> None:
    """Reads the arguments and writes the library."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("-o", "--output", type=Path, default=LIBRARY_FILE)
    parser.add_argument("--sheet", type=Path, help="PNG file of rendered frames of all motions")
    arguments = parser.parse_args()
    motions = {**dict(map(capture_excerpt, EXCERPTS)), **dict(map(author, PROCEDURAL))}
    save(arguments.output, motions)
    print(f"{hashlib.sha256(arguments.output.read_bytes()).hexdigest()}  {arguments.output}")
    if arguments.sheet:
        from authoring.contact_sheet import write_sheet

        write_sheet(arguments.sheet, {entry.name: motion for entry, motion in motions.items()})


def author(name: str) -> tuple[LibraryMotion, Motion]:
    """Performs a procedural motion."""
    perform, is_loop, description = PROCEDURAL[name]
    return _describe(name, perform(), is_loop, description, OWN)


def capture_excerpt(excerpt: Excerpt) -> tuple[LibraryMotion, Motion]:
    """Captures a clip and makes a loop of one person's motion, which starts at the origin and faces +Z."""
    request = prepare_capture(EXAMPLES / excerpt.clip, {"quality": "best"})
    person = capture_clip(request, Progress()).performance.people[excerpt.person]
    motion = slice_motion(person.motion, excerpt.frames)
    if excerpt.stays:
        motion = stand_up(motion)
    loop = make_loop(motion)
    if excerpt.stays:
        loop = keep_in_place(loop, is_loop=True)
    loop = plant_loop(loop)
    source, licence = CAPTURED
    return _describe(
        excerpt.name, face_forward(loop), True, excerpt.description, (source.format(clip=excerpt.clip), licence)
    )


def _describe(
    name: str, motion: Motion, is_loop: bool, description: str, origin: tuple[str, str]
) -> tuple[LibraryMotion, Motion]:
    seconds = (len(motion.rotations) - 1) / float(motion.fps)
    return LibraryMotion(name, seconds, is_loop, description, *origin), motion


def stand_up(motion: Motion) -> Motion:
    """Makes a motion upright on average, puts its soles on the floor and estimates the contacts anew.

    The camera looks up at a person on a roof, whose lean and height it sees badly.
    """
    positions = kinematics.joint_positions(motion)
    index = motion.skeleton.index
    feet = (positions[:, index("leftFoot")] + positions[:, index("rightFoot")]) / 2
    turn = rotation.between(rotation.normalize((positions[:, index("head")] - feet).mean(axis=0)), UP)
    rotations = motion.rotations.copy()
    rotations[:, 0] = rotation.multiply(turn, rotations[:, 0])
    path = rotation.rotate(turn, motion.root_position)
    soles = sole_positions(motion.skeleton, rotations, path)
    height = np.percentile(soles[..., 1].min(axis=1), 25) * UP
    contacts = contact_probability(soles - height, (soles - height)[..., 1], float(motion.fps))
    return replace(motion, rotations=rotations, root_position=path - height, contacts=contacts)


def face_forward(motion: Motion) -> Motion:
    """Turns and moves a motion: it starts above the origin and goes to +Z, or faces it on average if it stays."""
    step = (motion.root_position[-1] - motion.root_position[0]) * [1.0, 0.0, 1.0]
    if np.linalg.norm(step) < 0.1:
        hips = kinematics.world_rotations(motion.skeleton.parents, motion.rotations)[:, 0]
        step = rotation.rotate(hips, np.array([0.0, 0.0, 1.0])).mean(axis=0)
    turn = rotation.from_rotvec(-np.arctan2(step[0], step[2]) * UP)
    rotations = motion.rotations.copy()
    rotations[:, 0] = rotation.multiply(turn, rotations[:, 0])
    path = rotation.rotate(turn, motion.root_position - motion.root_position[0] * [1.0, 0.0, 1.0])
    return replace(motion, rotations=rotations, root_position=path)


if __name__ == "__main__":
    main()
