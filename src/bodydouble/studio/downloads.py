"""Downloads: the results of a take in the formats of ``export``, as one file or as a zip of several."""

import zipfile
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from importlib.util import find_spec
from pathlib import Path
from tempfile import TemporaryDirectory

from bodydouble.characters.load import CAST, LIKE_ME
from bodydouble.data import Performance
from bodydouble.errors import InvalidDataError
from bodydouble.formats import keypoint_files
from bodydouble.formats.atomic import atomic_write
from bodydouble.pipeline.animating import REPORT_FILE
from bodydouble.pipeline.drawn_characters import write_look
from bodydouble.pipeline.exporting import export_faces, export_motions
from bodydouble.pipeline.motion_files import NamedMotion, load_motions
from bodydouble.pipeline.reporting import write_report
from bodydouble.studio.corrected_cast import cast_current_looks, find_model, name_models, write_model
from bodydouble.studio.corrected_film import film_path
from bodydouble.studio.correction_store import current_file, is_automatic, load_automatic, load_current, read_version
from bodydouble.studio.playback import PLAYBACK_FILE

LOOK_SUFFIX = ".toml"


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


def available_formats() -> tuple[Format, ...]:
    """Returns the formats that this installation can write."""
    return tuple(f for f in FORMATS if f.package is None or find_spec(f.package) is not None)


def list_formats(folder: Path) -> list[str]:
    """Returns the names of the formats that a folder of results can be downloaded in."""
    names = [f.name for f in available_formats()]
    missing = set()
    if not any(person.face is not None for person in load_current(folder).people):
        missing.add("livelink")
    if not film_path(folder, read_version(folder)).is_file():
        missing.add("film")
    return [name for name in names if name not in missing]


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
            files |= _write_format(folder, name, title, character, Path(temporary))
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


def _write_format(folder: Path, name: str, title: str, character: str, temporary: Path) -> Mapping[str, Path]:
    """Writes one format; returns files by the name under which they are offered."""
    stem = file_stem(title)
    target = temporary / name
    target.mkdir()
    current = load_current(folder)
    if name == "film":
        return {f"{stem}_film.mp4": _require_film(folder)}
    if name == "npz":
        return {f"{stem}.npz": current_file(folder)}
    if name == "report":
        return {f"{stem}.html": _write_report(folder, current, title, target)}
    if name == "glb":
        return _write_models(folder, current, stem, character)
    if name == "coco":
        file, kind = target / "keypoints.json", keypoint_files.KeypointFormat(name)
        keypoint_files.write_keypoints(file, keypoint_files.collect_keypoints(current, kind), kind, current.frame_count)
        return _offer([file], stem)
    motions = _load_motions(folder)
    if name == "livelink":
        export_faces(motions, target / "face.csv")
    elif any(f.name == name and f.has_mesh for f in FORMATS):
        for motion, own in zip(motions, _list_characters(folder, character, target), strict=True):
            export_motions([motion], target / f"{motion.name}.{name}", character=own)
    else:
        for motion in motions:
            export_motions([motion], target / f"{motion.name}.{name}")
    return _offer(sorted(file for file in target.iterdir() if file.suffix != LOOK_SUFFIX), stem)


def _require_film(folder: Path) -> Path:
    film = film_path(folder, read_version(folder))
    if not film.is_file():
        raise InvalidDataError("this take has no film of the motion as it is now")
    return film


def _write_report(folder: Path, current: Performance, title: str, target: Path) -> Path:
    """Returns the report of the automatic result, or writes that of the corrected one."""
    if is_automatic(current):
        return folder / REPORT_FILE
    write_report(current, folder / PLAYBACK_FILE, target / REPORT_FILE, title)
    return target / REPORT_FILE


def _write_models(folder: Path, current: Performance, stem: str, character: str) -> dict[str, Path]:
    """Writes the characters that are missing; returns all of them by the name under which they are offered."""
    models = name_models(load_automatic(folder), current)
    for model in models:
        write_model(folder, model, character)
    names = name_files([person.name for person in current.people])
    return {f"{stem}_{name}.glb": find_model(folder, model) for name, model in zip(names, models, strict=True)}


def _load_motions(folder: Path) -> list[NamedMotion]:
    """Loads the motions of the current performance, with names from which names of files can be made."""
    motions = load_motions(current_file(folder))
    names = name_files([motion.name for motion in motions])
    return [replace(motion, name=name) for motion, name in zip(motions, names, strict=True)]


def name_files(names: Sequence[str]) -> list[str]:
    """Returns names of people as different names that every file system takes."""
    files: list[str] = []
    for name in names:
        stem = file_stem(name)
        choices = (stem, *(f"{stem}_{number}" for number in range(2, len(names) + 1)))
        used = {file.casefold() for file in files}
        files.append(next(choice for choice in choices if choice.casefold() not in used))
    return files


def _list_characters(folder: Path, character: str, target: Path) -> list[str]:
    """Returns the name of the character of each person, writing the looks of look-alikes into a folder."""
    people = load_current(folder).people
    if character != LIKE_ME:
        return [character] * len(people)
    looks = cast_current_looks(folder)
    files = [target / f"{number}{LOOK_SUFFIX}" for number in range(len(people))]
    for file, person in zip(files, people, strict=True):
        write_look(file, looks[person.name])
    return [f"{CAST}:{file}" for file in files]


def _offer(files: Iterable[Path], stem: str) -> dict[str, Path]:
    return {f"{stem}_{file.name}": file for file in files}


def _write_zip(path: Path, files: Mapping[str, Path], stem: str) -> None:
    stored = {".mp4", ".usdz", ".npz"}
    with zipfile.ZipFile(path, "w") as archive:
        for name, file in files.items():
            kind = zipfile.ZIP_STORED if file.suffix in stored else zipfile.ZIP_DEFLATED
            archive.write(file, f"{stem}/{name}", kind)
