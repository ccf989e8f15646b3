"""Scene for Blender: a performance -> .blend file, built by the user's Blender in a process of its own."""

import shutil
import subprocess
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from bodydouble.errors import BlenderError, FormatError, MediaError
from bodydouble.formats.atomic import atomic_write, ensure_folder
from bodydouble.pipeline.exporting import DEFAULT_CHARACTER, retarget_motions
from bodydouble.pipeline.motion_files import NamedMotion, load_motions, select_motions

SUFFIX = ".blend"
SCRIPT = Path(__file__).parents[1] / "blender" / "write_scene.py"
NOTE, ERROR = "note: ", "bodydouble: "
"""Beginnings of the lines in which the script reports."""


@dataclass(frozen=True, slots=True)
class SceneResult:
    """A .blend file."""

    path: Path
    people: tuple[str, ...]
    """Names of the people in the scene."""
    notes: tuple[str, ...]
    """Sentences on what the scene lacks."""


def write_scene(
    performance: Path,
    path: Path,
    *,
    people: str | None = None,
    character: str = DEFAULT_CHARACTER,
    animated: Path | None = None,
    video: Path | None = None,
    blender: str = "blender",
) -> SceneResult:
    """Writes camera, video, animated characters and floor of a performance as a .blend file.

    Args:
        performance: a performance.npz.
        path: the file to write; it appears only when it is complete.
        people: comma-separated names of the people in the scene; default: all.
        character: built-in character or file that performs the motions.
        animated: folder with an animated character ``PERSON.glb`` for everybody, which takes the place of that one.
        video: video behind the scene; default: the one beside the performance's folder ``VIDEO_bodydouble``.
        blender: program of Blender 4.2 or later, or a Python interpreter with the package bpy.

    Raises:
        FormatError: the motion is not a performance.
        MediaError: the video does not exist.
        BlenderError: Blender is not installed or fails.
        BodydoubleError: the character cannot be read or the file cannot be written.
    """
    if performance.suffix.lower() != ".npz":
        raise FormatError(f"{performance}: a {SUFFIX} file shows the camera as well, so it needs a performance.npz")
    if video is not None and not video.is_file():
        raise MediaError(f"{video}: there is no such video")
    command = _find_blender(blender)
    motions = select_motions(load_motions(performance), people)
    ensure_folder(path.parent)
    with tempfile.TemporaryDirectory() as folder, atomic_write(path) as temporary:
        if animated is None:
            _write_characters(Path(folder), motions, character)
        names = tuple(motion.name for motion in motions)
        arguments = [str(performance), str(temporary), "--characters", str(animated or folder), "--people", *names]
        output = _run_script(command, arguments if video is None else [*arguments, "--video", str(video)])
    notes = (line.removeprefix(NOTE) for line in output.splitlines() if line.startswith(NOTE))
    return SceneResult(path, names, tuple(notes))


def _write_characters(folder: Path, motions: Sequence[NamedMotion], character: str) -> None:
    for motion in motions:
        retarget_motions([motion], character, folder / f"{motion.name}.glb")


def _find_blender(program: str) -> list[str]:
    """Returns the beginning of a command that runs a script in Blender without a window."""
    found = shutil.which(program)
    if found is None:
        raise BlenderError(
            f"Blender was not found as '{program}'; install Blender 4.2 or later from blender.org, "
            "and name its program with --blender if it is not on the PATH"
        )
    version = subprocess.run([found, "--version"], capture_output=True, text=True, check=False).stdout
    if version.startswith("Python"):
        return [found]
    return [found, "--background", "--factory-startup", "--python-exit-code", "1", "--python"]


def _run_script(command: Sequence[str], arguments: Sequence[str]) -> str:
    """Runs the script; returns its standard output."""
    done = subprocess.run([*command, str(SCRIPT), "--", *arguments], capture_output=True, text=True, check=False)
    if done.returncode == 0:
        return done.stdout
    lines = done.stderr.strip().splitlines() or done.stdout.strip().splitlines() or ["it ended without a message"]
    reported = next((line for line in reversed(lines) if line.startswith(ERROR)), lines[-1])
    raise BlenderError(f"Blender failed: {reported.removeprefix(ERROR)}")
