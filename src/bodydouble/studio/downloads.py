"""Downloads: the results of a take in the formats of ``export``, as one file or as a zip of several."""

import shutil
import zipfile
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory

from bodydouble.characters.load import CAST, LIKE_ME
from bodydouble.data import Performance
from bodydouble.errors import InvalidDataError
from bodydouble.formats import keypoint_files
from bodydouble.formats.atomic import atomic_write
from bodydouble.pipeline.animating import REPORT_FILE
from bodydouble.pipeline.blender_scene import write_scene
from bodydouble.pipeline.drawn_characters import write_look
from bodydouble.pipeline.exporting import DEFAULT_CHARACTER, export_faces, export_motions
from bodydouble.pipeline.motion_files import NamedMotion, load_motions
from bodydouble.pipeline.reporting import write_report
from bodydouble.studio.corrected_cast import cast_current_looks, find_model, name_models, write_model
from bodydouble.studio.corrected_film import film_path
from bodydouble.studio.correction_store import current_file, is_automatic, load_automatic, load_current, read_version
from bodydouble.studio.download_formats import BLENDER, FORMATS, available_formats
from bodydouble.studio.helpers import Step, StepListener
from bodydouble.studio.playback import PLAYBACK_FILE

LOOK_SUFFIX = ".toml"
_ZIP_FRACTION = 0.1
"""Part of the time that the zip file takes."""


def list_formats(folder: Path) -> list[str]:
    """Returns the names of the formats that a folder of results can be downloaded in."""
    names = [f.name for f in available_formats()]
    missing = set()
    if not any(person.face is not None for person in load_current(folder).people):
        missing.add("livelink")
    if not film_path(folder, read_version(folder)).is_file():
        missing.add("film")
    return [name for name in names if name not in missing]


def check_formats(names: Sequence[str], available: Sequence[str]) -> None:
    """Raises InvalidDataError if there is a format that is not available, or none at all."""
    unknown = set(names) - set(available)
    if unknown or not names:
        raise InvalidDataError(f"this take has no {', '.join(sorted(unknown))}" if unknown else "no format is chosen")


def write_download(
    folder: Path, names: Sequence[str], title: str, character: str, path: Path, on_step: StepListener
) -> str:
    """Writes results in some formats: a file alone as it is, several as a zip.

    Args:
        folder: the folder of results.
        names: names of formats.
        title: title of the take, of which the names of files are made.
        character: character of the take, as ``animate`` takes it.
        path: file to write, whose suffix is ignored.
        on_step: receives the progress.

    Returns:
        The name under which the file is offered.

    Raises:
        BodydoubleError: a format cannot be written.
    """
    stem, labels = file_stem(title), {f.name: f.label for f in FORMATS}
    with TemporaryDirectory(dir=path.parent) as temporary:
        files: dict[str, Path] = {}
        for index, name in enumerate(names):
            on_step(Step(f"Writing {labels[name]}", (1 - _ZIP_FRACTION) * index / len(names)))
            files |= _write_format(folder, name, title, character, Path(temporary))
        (offered, file), *further = files.items()
        if not further and "/" not in offered:
            with atomic_write(path) as copy:
                copy.write_bytes(file.read_bytes())
            return offered
        with atomic_write(path) as archive:
            _write_zip(archive, files, stem, on_step)
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
    write = _WRITERS.get(name, _write_motions)
    write(folder, name, target, character)
    written = (file for file in target.rglob("*") if file.is_file() and file.suffix != LOOK_SUFFIX)
    return _offer(sorted(written), stem, target)


def _write_keypoints(folder: Path, name: str, target: Path, _character: str) -> None:
    current, kind = load_current(folder), keypoint_files.KeypointFormat(name)
    file = target / (name if kind is keypoint_files.KeypointFormat.OPENPOSE else f"{name}.json")
    keypoint_files.write_keypoints(file, keypoint_files.collect_keypoints(current, kind), kind, current.frame_count)


def _write_faces(folder: Path, _name: str, target: Path, _character: str) -> None:
    export_faces(_load_motions(folder), target / "face.csv")


def _write_blend(folder: Path, _name: str, target: Path, character: str) -> None:
    current = load_current(folder)
    with TemporaryDirectory(dir=target.parent) as animated:
        for person, model in zip(current.people, name_models(load_automatic(folder), current), strict=True):
            write_model(folder, model, character)
            shutil.copyfile(find_model(folder, model), Path(animated) / f"{person.name}.glb")
        write_scene(
            current_file(folder),
            target / "scene.blend",
            animated=Path(animated),
            video=folder / PLAYBACK_FILE,
            blender=BLENDER,
        )


def _write_motions(folder: Path, name: str, target: Path, character: str) -> None:
    motions = _load_motions(folder)
    own = [DEFAULT_CHARACTER] * len(motions)
    if any(f.name == name and f.has_mesh for f in FORMATS):
        own = _list_characters(folder, character, target)
    for motion, performer in zip(motions, own, strict=True):
        export_motions([motion], target / f"{motion.name}.{name}", character=performer)


_WRITERS: Mapping[str, Callable[[Path, str, Path, str], None]] = {
    **dict.fromkeys(keypoint_files.KeypointFormat, _write_keypoints),
    "livelink": _write_faces,
    "blend": _write_blend,
}
"""Functions that write a format into a folder: folder of results, name of the format, folder, character."""


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


def _offer(files: Iterable[Path], stem: str, target: Path | None = None) -> dict[str, Path]:
    """Returns files by the names under which they are offered; those in a folder below the target keep its name."""
    offered = {}
    for file in files:
        inner = "" if target is None or file.parent == target else f"{stem}_{file.parent.name}/"
        offered[f"{inner}{stem}_{file.name}"] = file
    return offered


def _write_zip(path: Path, files: Mapping[str, Path], stem: str, on_step: StepListener) -> None:
    stored = {".mp4", ".usdz", ".npz"}
    with zipfile.ZipFile(path, "w") as archive:
        for index, (name, file) in enumerate(files.items()):
            on_step(Step("Packing the files", 1 - _ZIP_FRACTION * (1 - index / len(files))))
            kind = zipfile.ZIP_STORED if file.suffix in stored else zipfile.ZIP_DEFLATED
            archive.write(file, f"{stem}/{name}", kind)
