"""Check of the results of a queue: every clip delivered, whole, and nothing else left."""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path

from bodydouble.errors import BodydoubleError
from bodydouble.formats import bvh, performance
from bodydouble.jobs.delivery import JOB_FILE, WORK_FOLDER
from bodydouble.jobs.job import JobRequest, compute_key

FILES = ("performance.npz", "person1.glb", "person1.bvh", "report.html", JOB_FILE)
"""Files of the folder of a clip."""


def find_defects(output: Path, clips: Sequence[Path], options: Mapping[str, object]) -> list[str]:
    """Returns a line for each clip that is not there, each file that is not whole, and each that is left over."""
    defects = [f"left over: {path.name}" for path in output.glob(".*") if path.name != WORK_FOLDER]
    defects += [f"left over: {path}" for path in (output / WORK_FOLDER).glob("*")]
    names = {clip.stem for clip in clips}
    defects += [f"unexpected: {path}" for path in output.glob("[!.]*") if path.is_dir() and path.name not in names]
    for clip in clips:
        defects += [f"{clip.stem}: {defect}" for defect in _check_clip(output / clip.stem, clip, options)]
    return defects


def _check_clip(folder: Path, clip: Path, options: Mapping[str, object]) -> list[str]:
    found = {path.name for path in folder.glob("*")} | {path.name for path in folder.glob(".*")}
    if found != set(FILES):
        return [f"has {sorted(found)}"]
    defects = []
    try:
        bvh.read(folder / "person1.bvh")
        frames = performance.load(folder / "performance.npz").frame_count
        record = json.loads((folder / JOB_FILE).read_text(encoding="utf-8"))
    except (BodydoubleError, ValueError) as error:
        return [str(error)]
    if record["key"] != compute_key(JobRequest(clip, clip.stem, options)) or record["summary"]["frames"] != frames:
        defects.append(f"{JOB_FILE} is of another clip")
    glb = (folder / "person1.glb").read_bytes()
    if int.from_bytes(glb[8:12], "little") != len(glb):
        defects.append("person1.glb is cut off")
    text = (folder / "person1.bvh").read_text(encoding="utf-8")
    if not text.endswith("\n") or f"\nFrames: {frames}\n" not in text:
        defects.append("person1.bvh is cut off")
    if "</html>" not in (folder / "report.html").read_text(encoding="utf-8")[-100:]:
        defects.append("report.html is cut off")
    return defects
