"""Files of annotations in both directions: those that the page saves <-> annotations.json, or a data set of COCO."""

from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from bodydouble.errors import FormatError, InvalidDataError
from bodydouble.formats import annotations as annotation_files
from bodydouble.formats import coco_annotations
from bodydouble.formats.coco_annotations import CocoImport
from bodydouble.formats.json_text import parse_json
from bodydouble.studio.annotation_store import read_draft
from bodydouble.studio.correction_store import load_automatic
from bodydouble.studio.network_keypoints import SETS
from bodydouble.studio.takes import EXPORTS


@dataclass(frozen=True, slots=True)
class ImportedPoses:
    """Poses of a file."""

    poses: list[dict[str, Any]]
    """As annotations.json has them."""
    left_out: int = 0
    """Number of poses that show nobody of the take."""


def export_annotations(folder: Path) -> str:
    """Returns the saved annotations of a folder of results as annotations.json; raises FormatError."""
    return annotation_files.to_text(read_draft(folder).annotations)


def export_coco(folder: Path, set_name: str) -> bytes:
    """Returns the saved annotations of a folder of results as a data set of COCO.

    Args:
        folder: the folder of results.
        set_name: name of the set of landmarks.

    Raises:
        InvalidDataError: there is no such set.
        BodydoubleError: a file cannot be read or written.
    """
    landmarks = {entry.name: entry.landmarks for entry in SETS}
    if set_name not in landmarks:
        raise InvalidDataError(f"there is no set of landmarks {set_name!r}; choose {' or '.join(landmarks)}")
    annotations, image_size = read_draft(folder).annotations, load_automatic(folder).camera.image_size
    with TemporaryDirectory(dir=folder.parent / EXPORTS) as temporary:
        path = Path(temporary) / "annotations.json"
        coco_annotations.save(path, annotations, image_size, landmarks[set_name])
        return path.read_bytes()


def import_annotations(folder: Path, content: bytes) -> ImportedPoses:
    """Reads the poses of annotations.json, or of a data set of COCO that belongs to a folder of results.

    Raises:
        InvalidDataError: the content is neither, or nothing in it belongs to the take.
    """
    try:
        text = content.decode("utf-8-sig")
        stored = parse_json(text)
        if isinstance(stored, dict) and "format" in stored:
            return ImportedPoses(annotation_files.to_objects(annotation_files.parse_text(text)))
        read = _read_coco(folder, content)
    except UnicodeDecodeError as error:
        raise InvalidDataError("it is not a text file") from error
    except FormatError as error:
        raise InvalidDataError(str(error)) from error
    if not read.annotations.keypoints:
        raise InvalidDataError("it has no keypoints of the people of this take")
    return ImportedPoses(annotation_files.to_objects(read.annotations), read.left_out)


def _read_coco(folder: Path, content: bytes) -> CocoImport:
    """Reads a data set of COCO; raises FormatError, whose message does not name the file that the server made up."""
    with TemporaryDirectory(dir=folder.parent / EXPORTS) as temporary:
        path = Path(temporary) / "annotations.json"
        path.write_bytes(content)
        try:
            return coco_annotations.load(path, load_automatic(folder), trusts_names=True)
        except FormatError as error:
            raise FormatError(str(error).replace(f"{path}: ", "").replace(str(path), "it")) from error
