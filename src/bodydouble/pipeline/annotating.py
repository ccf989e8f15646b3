"""Files of annotated keypoints beside a performance, and their exchange as COCO data sets."""

from collections.abc import Sequence
from pathlib import Path

from bodydouble.data.annotations import Annotations
from bodydouble.errors import FormatError
from bodydouble.formats import annotations as annotation_files
from bodydouble.formats import coco_annotations
from bodydouble.formats import performance as performance_files
from bodydouble.formats.coco_annotations import CocoImport
from bodydouble.motion.annotations.apply import check_annotations

ANNOTATIONS_FILE = "annotations.json"
ANNOTATIONS_ENDING = "_annotations.json"
"""End of the name of annotations that belong to one of several performances in a folder, after its name."""


def find_beside(performance: Path, ending: str, name: str) -> Path | None:
    """Returns the file beside a performance that has its name and an ending, or a common name; None if neither is."""
    places = performance.with_name(performance.stem + ending), performance.with_name(name)
    return next((place for place in places if place.is_file()), None)


def find_annotations(performance: Path) -> Path | None:
    """Returns the file of annotations beside a performance; None if there is none."""
    return find_beside(performance, ANNOTATIONS_ENDING, ANNOTATIONS_FILE)


def load_annotations(performance: Path, file: Path | None = None) -> Annotations:
    """Reads a file of annotations, or the one beside a performance; raises FormatError if there is none."""
    file = file or find_annotations(performance)
    if file is None:
        raise FormatError(
            f"there are no annotations beside {performance}: "
            f"neither {performance.stem}{ANNOTATIONS_ENDING} nor {ANNOTATIONS_FILE}"
        )
    return annotation_files.load(file)


def export_coco(performance: Path, output: Path, file: Path | None, landmarks: Sequence[str]) -> None:
    """Writes annotations of a performance as a COCO data set.

    Args:
        performance: the performance.npz, for the size of the image.
        output: the .json file of the data set.
        file: annotations; None: the file beside the performance.
        landmarks: the 33 of BlazePose, or the 17 of COCO.

    Raises:
        FormatError: a file is malformed, or there are no annotations.
        InvalidDataError: the annotations are not those of the performance.
        OutputError: the data set cannot be written.
    """
    annotations, annotated = load_annotations(performance, file), performance_files.load(performance)
    check_annotations(annotated, annotations)
    coco_annotations.save(output, annotations, annotated.camera.image_size, landmarks)


def import_coco(performance: Path, data_set: Path, output: Path, first_frame: int = 0) -> CocoImport:
    """Adds annotations of a COCO data set to a file of annotations.

    Args:
        performance: the performance.npz of the same video.
        data_set: the .json file.
        output: file of annotations. Those that it has already are kept, except for the same landmarks and frames.
        first_frame: number that the first frame of the video has in the data set.

    Returns:
        The annotations of the data set.

    Raises:
        FormatError: a file is malformed, or nothing in the data set belongs to the performance.
        InvalidDataError: the data set does not fit the performance.
        OutputError: the file cannot be written.
    """
    annotated = performance_files.load(performance)
    read = coco_annotations.load(data_set, annotated, first_frame)
    if not read.annotations.keypoints:
        raise FormatError(f"{data_set} has no keypoints of the people of {performance}; it must be of the same video")
    check_annotations(annotated, read.annotations)
    before = annotation_files.load(output) if output.exists() else Annotations()
    annotation_files.save(output, before.update(read.annotations))
    return read
