"""Downloads: the results of a take in the formats of ``export``, as one file or as a zip of several."""

import zipfile
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from tempfile import TemporaryDirectory

from bodydouble.characters.load import LIKE_ME
from bodydouble.errors import InvalidDataError
from bodydouble.formats import keypoint_files
from bodydouble.formats.atomic import atomic_write
from bodydouble.formats.performance import load
from bodydouble.jobs.stages import FILM_FILE
from bodydouble.pipeline.animating import PERFORMANCE_FILE, REPORT_FILE
from bodydouble.pipeline.exporting import export_faces, export_motions
from bodydouble.pipeline.motion_files import NamedMotion, load_motions


@dataclass(frozen=True, slots=True)
class Format:
    """A format in which results are downloaded."""

    name: str
    """Name in requests; a suffix without its dot, or one of the others."""
    label: str
    group: str
    """Heading under which the page lists it."""
    package: str | None = None
    """Python package without which it cannot be written."""
    has_mesh: bool = False
    """Whether it holds the character."""


FORMATS: tuple[Format, ...] = (
    Format("film", "Film with drawn characters (.mp4)", "Film"),
    Format("glb", "glTF, for Blender, Unity, Godot and the web (.glb)", "Character and motion", has_mesh=True),
    Format("fbx", "FBX, for Unreal, Unity and Maya (.fbx)", "Character and motion", has_mesh=True),
    Format("vrm", "VRM avatar and its motion (.vrm, .vrma)", "Character and motion", has_mesh=True),
    Format("usdz", "USD, for Apple devices (.usdz)", "Character and motion", has_mesh=True),
    Format("bvh", "BVH skeleton (.bvh)", "Motion"),
    Format("vrma", "VRM animation (.vrma)", "Motion"),
    Format("vmd", "MikuMikuDance (.vmd)", "Motion"),
    Format("npz", "Everything measured, as NumPy arrays (.npz)", "Data"),
    Format("csv", "Joint angles as a table (.csv)", "Data"),
    Format("mot", "Joint angles for OpenSim (.mot)", "Data"),
    Format("trc", "Markers (.trc)", "Data"),
    Format("c3d", "Markers (.c3d)", "Data", "ezc3d"),
    Format("json", "Motion as JSON (.json)", "Data"),
    Format("coco", "2D keypoints as COCO (.json)", "Data"),
    Format("livelink", "Faces for Live Link Face (.csv)", "Data"),
    Format("report", "Report on the quality (.html)", "Report"),
)
_STORED = {"film": FILM_FILE, "npz": PERFORMANCE_FILE, "report": REPORT_FILE}


def available_formats() -> tuple[Format, ...]:
    """Returns the formats that this installation can write."""
    return tuple(f for f in FORMATS if f.package is None or find_spec(f.package) is not None)


def list_formats(folder: Path) -> list[str]:
    """Returns the names of the formats that a folder of results can be downloaded in."""
    names = [f.name for f in available_formats()]
    if not any(motion.face is not None for motion in load_motions(folder / PERFORMANCE_FILE)):
        names.remove("livelink")
    return [name for name in names if name not in _STORED or (folder / _STORED[name]).is_file()]


def write_download(folder: Path, names: Sequence[str], title: str, character: str, path: Path) -> str:
    """Writes results in some formats: a file alone as it is, several as a zip.

    Args:
        folder: the folder of results.
        names: names of formats.
        title: title of the take, of which the names of files are made.
        character: character of the take, as ``animate`` takes it.
        path: file to write, whose suffix is ignored.

    Returns:
        The name under which the file is offered.

    Raises:
        BodydoubleError: a format is unknown or cannot be written.
    """
    unknown = set(names) - {f.name for f in available_formats()}
    if unknown or not names:
        raise InvalidDataError(f"unknown formats: {', '.join(sorted(unknown)) or 'none given'}")
    stem = file_stem(title)
    with TemporaryDirectory(dir=path.parent) as temporary:
        files: dict[str, Path] = {}
        for name in names:
            files |= _write_format(folder, name, stem, character, Path(temporary))
        if len(files) == 1:
            ((offered, file),) = files.items()
            with atomic_write(path) as copy:
                copy.write_bytes(file.read_bytes())
            return offered
        with atomic_write(path) as archive:
            _write_zip(archive, files, stem)
    return f"{stem}.zip"


def file_stem(title: str) -> str:
    """Returns a title as a name that every file system takes."""
    kept = "".join(c if c.isalnum() or c in "-_ ." else "-" for c in title)
    return kept.strip(" .-")[:80].strip(" .-") or "take"


def _write_format(folder: Path, name: str, stem: str, character: str, temporary: Path) -> Mapping[str, Path]:
    """Writes one format; returns files by the name under which they are offered."""
    if name in _STORED:
        file = folder / _STORED[name]
        if not file.is_file():
            raise InvalidDataError(f"this take has no {name}")
        return {f"{stem}{'_film' if name == 'film' else ''}{file.suffix}": file}
    if name == "glb":
        return _offer(sorted(folder.glob("*.glb")), stem)
    target = temporary / name
    target.mkdir()
    source = folder / PERFORMANCE_FILE
    if name == "coco":
        captured, file = load(source), target / "keypoints.json"
        kind = keypoint_files.KeypointFormat(name)
        keypoint_files.write_keypoints(
            file, keypoint_files.collect_keypoints(captured, kind), kind, captured.frame_count
        )
        return _offer([file], stem)
    motions = load_motions(source)
    if name == "livelink":
        export_faces(motions, target / "face.csv")
    elif any(f.name == name and f.has_mesh for f in FORMATS):
        for motion in motions:
            own = _character_of(folder, character, motion)
            export_motions([motion], target / f"{motion.name}.{name}", character=own)
    else:
        for motion in motions:
            export_motions([motion], target / f"{motion.name}.{name}")
    return _offer(sorted(target.iterdir()), stem)


def _character_of(folder: Path, character: str, motion: NamedMotion) -> str:
    """Returns the name of the character that performs a motion in the results."""
    return f"anime:{folder / motion.name}.toml" if character == LIKE_ME else character


def _offer(files: Iterable[Path], stem: str) -> dict[str, Path]:
    return {f"{stem}_{file.name}": file for file in files}


def _write_zip(path: Path, files: Mapping[str, Path], stem: str) -> None:
    stored = {".mp4", ".usdz", ".npz"}
    with zipfile.ZipFile(path, "w") as archive:
        for name, file in files.items():
            kind = zipfile.ZIP_STORED if file.suffix in stored else zipfile.ZIP_DEFLATED
            archive.write(file, f"{stem}/{name}", kind)
