"""Splits motion capture by subject into training, validation and test data.

Usage::

    python tools/split_motions.py ../shared/data

Input: mocap.tar.xz and cmu_actions.npz in the given folder, and the motions of the package pybullet (extra bench).
Output: src/bodydouble/synthetic/split.csv. Subjects, not clips, are divided. The subject of an action clip is known if
its knees bend as those of a clip of the database do (checked once, to 0.01 degrees). All other action clips are for
training, and so are the subjects that may be in them.

Kinds of motion: B. Hahne's index of the CMU motion capture database, www.cgspeed.com.
"""

import argparse
import json
import re
import tarfile
from collections.abc import Iterator
from pathlib import Path, PurePosixPath

import numpy as np
import pybullet_data

from bodydouble.synthetic import splits

ARCHIVE, ACTIONS = "mocap.tar.xz", "cmu_actions.npz"
"""Names of the archive of files and of the archive of action clips."""

SPLITS = {
    "train": ("01", "03", "06", "09", "60+61", "rokoko", "unknown"),
    "validation": ("02", "05", "07", "fair1"),
    "test": ("08", "94", "135", "deepmimic"),
}
"""Subjects of each split."""
SPLIT_OF_SUBJECT = {subject: split for split, subjects in SPLITS.items() for subject in subjects}
SUBJECT_OF_PARTNERS = {"indian": "94", "martial": "135", "salsa": "60+61"}
"""CMU subject of each folder of cmu_partners. The two subjects who dance together are not divided."""
SUBJECT_OF_ACTION = {
    "basketball_1": "06", "basketball_2": "06", "basketball_3": "06", "basketball_4": "06", "basketball_5": "06",
    "walking_1": "02", "walking_2": "05", "walking_3": "06", "walking_4": "07", "walking_5": "07",
    "walking_13": "08", "walking_14": "08", "walking_15": "08", "walking_16": "08", "walking_17": "08",
}  # fmt: skip
KIND_OF_SUBJECT = {
    "03": "walk", "05": "dance", "06": "sport", "07": "walk", "08": "walk", "09": "sport", "60+61": "dance",
    "94": "dance", "135": "sport",
}  # fmt: skip
KIND_OF_CLIP = {
    "02_01": "walk", "02_02": "walk", "02_03": "sport", "02_04": "sport", "02_05": "sport", "05_01": "walk",
    "06_01": "walk", "09_12": "walk",
}  # fmt: skip
"""Kinds of clips that differ from the rest of their subject."""
WORDS_OF_KIND = {
    "walk": ("walk",),
    "sport": (
        "basketball", "running", "soccer", "jump", "kick", "punch", "jog", "run", "flip", "roll", "cartwheel",
    ),
    "dance": ("dance", "dab", "spin"),
}  # fmt: skip
"""Words in the names of clips of each kind."""


def main() -> None:
    """Writes the table of the installed package."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("data", type=Path, help=f"folder with {ARCHIVE} and {ACTIONS}")
    splits.write_table(build_table(parser.parse_args().data))
    print(splits.TABLE_PATH)


def build_table(data: Path) -> tuple[splits.MocapClip, ...]:
    """Returns all clips of the folder, sorted by source and file."""
    clips = [*_list_archive_clips(data / ARCHIVE), *_list_action_clips(data / ACTIONS), *_list_public_clips()]
    return tuple(sorted(clips, key=lambda clip: (clip.source, clip.file)))


def _list_archive_clips(path: Path) -> Iterator[splits.MocapClip]:
    with tarfile.open(path) as archive:
        for member in archive:
            file = PurePosixPath(member.name)
            stream = archive.extractfile(member) if file.suffix in (".bvh", ".txt") else None
            if stream is None or file.stem == "standard" or "LICENCE" in file.stem:
                continue
            text = stream.read().decode()
            seconds = _bvh_duration(text) if file.suffix == ".bvh" else _deepmimic_duration(text)
            yield _create_clip(file.parts[0], _find_subject(file), PurePosixPath(*file.parts[1:]), seconds)


def _list_action_clips(path: Path) -> Iterator[splits.MocapClip]:
    with np.load(path, allow_pickle=False) as stored:
        fps = stored["fps"][0] / stored["fps"][1]
        for key in stored.files:
            if key.endswith("/root_m"):
                name = key.removesuffix("/root_m")
                subject = SUBJECT_OF_ACTION.get(name, "unknown")
                yield _create_clip("cmu_actions", subject, PurePosixPath(name), len(stored[key]) / fps)


def _list_public_clips() -> Iterator[splits.MocapClip]:
    for path in (Path(pybullet_data.getDataPath()) / "data" / "motions").glob("humanoid3d_*.txt"):
        yield _create_clip("pybullet", "deepmimic", PurePosixPath(path.name), _deepmimic_duration(path.read_text()))


def _create_clip(source: str, subject: str, file: PurePosixPath, seconds: float) -> splits.MocapClip:
    kind, split = _find_kind(subject, file.stem), SPLIT_OF_SUBJECT[subject]
    return splits.MocapClip(source, subject, str(file), kind, split, round(seconds, 2))


def _find_subject(file: PurePosixPath) -> str:
    source, folder = file.parts[0], file.parent.name
    match source:
        case "cmu":
            return folder
        case "cmu_partners":
            return SUBJECT_OF_PARTNERS[folder]
        case "animated_drawings":
            return "unknown" if folder == "cmu1" else folder
        case _:
            return source


def _find_kind(subject: str, stem: str) -> str:
    kinds = (kind for kind, words in WORDS_OF_KIND.items() if any(word in stem for word in words))
    return next(kinds, KIND_OF_CLIP.get(stem, KIND_OF_SUBJECT.get(subject, "other")))


def _bvh_duration(text: str) -> float:
    frames = re.search(r"Frames:\s*(\d+)", text)
    frame_time = re.search(r"Frame Time:\s*([\d.]+)", text)
    assert frames and frame_time
    return int(frames[1]) * float(frame_time[1])


def _deepmimic_duration(text: str) -> float:
    return sum(row[0] for row in json.loads(text)["Frames"])


if __name__ == "__main__":
    main()
