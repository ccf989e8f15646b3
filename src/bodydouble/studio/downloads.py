"""Downloads: the results of a take in the formats of ``export``, as one file or as a zip of several."""

import zipfile
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory

from bodydouble.characters.load import LIKE_ME
from bodydouble.errors import InvalidDataError
from bodydouble.formats import keypoint_files
from bodydouble.formats.atomic import atomic_write
from bodydouble.formats.performance import load
from bodydouble.pipeline.animating import PERFORMANCE_FILE
from bodydouble.pipeline.blender_scene import write_scene
from bodydouble.pipeline.exporting import DEFAULT_CHARACTER, export_faces, export_motions
from bodydouble.pipeline.motion_files import NamedMotion, load_motions
from bodydouble.studio.download_formats import BLENDER, FORMATS, STORED, available_formats
from bodydouble.studio.helpers import Step, StepListener
from bodydouble.studio.playback import PLAYBACK_FILE

_ZIP_FRACTION = 0.1
"""Part of the time that the zip file takes."""


def list_formats(folder: Path) -> list[str]:
    """Returns the names of the formats that a folder of results can be downloaded in."""
    names = [f.name for f in available_formats()]
    if not any(motion.face is not None for motion in load_motions(folder / PERFORMANCE_FILE)):
        names.remove("livelink")
    return [name for name in names if name not in STORED or (folder / STORED[name]).is_file()]


def check_formats(names: Sequence[str]) -> None:
    """Raises InvalidDataError if a format is unknown, or there is none."""
    unknown = set(names) - {f.name for f in available_formats()}
    if unknown or not names:
        raise InvalidDataError(f"unknown formats: {', '.join(sorted(unknown)) or 'none given'}")


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
        BodydoubleError: a format is unknown or cannot be written.
    """
    check_formats(names)
    stem, labels = file_stem(title), {f.name: f.label for f in FORMATS}
    with TemporaryDirectory(dir=path.parent) as temporary:
        files: dict[str, Path] = {}
        for index, name in enumerate(names):
            on_step(Step(f"Writing {labels[name]}", (1 - _ZIP_FRACTION) * index / len(names)))
            files |= _write_format(folder, name, stem, character, Path(temporary))
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


def _write_format(folder: Path, name: str, stem: str, character: str, temporary: Path) -> Mapping[str, Path]:
    """Writes one format; returns files by the name under which they are offered."""
    if name in STORED:
        file = folder / STORED[name]
        if not file.is_file():
            raise InvalidDataError(f"this take has no {name}")
        return {f"{stem}{'_film' if name == 'film' else ''}{file.suffix}": file}
    if name == "glb":
        return _offer(sorted(folder.glob("*.glb")), stem)
    target = temporary / name
    target.mkdir()
    write = _WRITERS.get(name, _write_motions)
    write(folder, name, target, character)
    return _offer(sorted(file for file in target.rglob("*") if file.is_file()), stem, target)


def _write_keypoints(folder: Path, name: str, target: Path, _character: str) -> None:
    captured, kind = load(folder / PERFORMANCE_FILE), keypoint_files.KeypointFormat(name)
    file = target / (name if kind is keypoint_files.KeypointFormat.OPENPOSE else f"{name}.json")
    keypoint_files.write_keypoints(file, keypoint_files.collect_keypoints(captured, kind), kind, captured.frame_count)


def _write_faces(folder: Path, _name: str, target: Path, _character: str) -> None:
    export_faces(load_motions(folder / PERFORMANCE_FILE), target / "face.csv")


def _write_blend(folder: Path, _name: str, target: Path, _character: str) -> None:
    write_scene(
        folder / PERFORMANCE_FILE,
        target / "scene.blend",
        animated=folder,
        video=folder / PLAYBACK_FILE,
        blender=BLENDER,
    )


def _write_motions(folder: Path, name: str, target: Path, character: str) -> None:
    has_mesh = any(f.name == name and f.has_mesh for f in FORMATS)
    for motion in load_motions(folder / PERFORMANCE_FILE):
        own = _character_of(folder, character, motion) if has_mesh else DEFAULT_CHARACTER
        export_motions([motion], target / f"{motion.name}.{name}", character=own)


_WRITERS: Mapping[str, Callable[[Path, str, Path, str], None]] = {
    **dict.fromkeys(keypoint_files.KeypointFormat, _write_keypoints),
    "livelink": _write_faces,
    "blend": _write_blend,
}
"""Functions that write a format into a folder: folder of results, name of the format, folder, character."""


def _character_of(folder: Path, character: str, motion: NamedMotion) -> str:
    """Returns the name of the character that performs a motion in the results."""
    return f"anime:{folder / motion.name}.toml" if character == LIKE_ME else character


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
