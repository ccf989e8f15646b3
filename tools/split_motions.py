"""Splits motion capture by subject into training, validation and test data.

Usage::

    python tools/split_motions.py ../shared/data CONVERTED

Input: mocap.tar.xz and cmu_actions.npz in the first folder, the archives of tools/convert_motion_capture.py in the
second, and the motions of the package pybullet (extra bench).
Output: src/bodydouble/synthetic/split.csv. Subjects, not clips, are divided. The subject of an action clip is known if
its knees bend as those of a clip of the database do (checked once, see tools/mocap/repeats.py). All other action clips
are for training, and so are the subjects that may be in them.

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

from bodydouble.synthetic import mocap_files, splits
from mocap.marker_sets import find_performer

ARCHIVE, ACTIONS = "mocap.tar.xz", "cmu_actions.npz"
"""Names of the archive of files and of the archive of action clips."""

SPLITS = {
    "train": (
        "01", "03", "06", "09", "10", "11", "12", "13", "14", "16", "26", "27", "29", "32", "35", "49", "60+61", "86",
        "91", "143", "rokoko", "unknown", "animators", "yokoyama", "accad-Female", "accad-Male1", "accad-G",
        "accad-per", "accad-Aug", "uiprmd-s01", "uiprmd-s02", "uiprmd-s03", "uiprmd-s04", "uiprmd-s05", "uiprmd-s06",
        "uiprmd-s07",
    ),
    "validation": ("02", "05", "07", "85", "131", "fair1", "takiguchi", "accad-E", "accad-KareenBalsam", "uiprmd-s08"),
    "test": ("08", "94", "135", "deepmimic", "accad-Male2", "accad-mike", "uiprmd-s09", "uiprmd-s10"),
}  # fmt: skip
"""Subjects of each split."""
SPLIT_OF_SUBJECT = {subject: split for split, subjects in SPLITS.items() for subject in subjects}
SUBJECT_OF_PARTNERS = {"indian": "94", "martial": "135", "salsa": "60+61"}
"""CMU subject of each folder of cmu_partners. The two subjects who dance together are not divided."""
SUBJECT_OF_ACTION = {
    "basketball_1": "06", "basketball_2": "06", "basketball_3": "06", "basketball_4": "06", "basketball_5": "06",
    "walking_1": "02", "walking_2": "05", "walking_3": "06", "walking_4": "07", "walking_5": "07",
    "walking_13": "08", "walking_14": "08", "walking_15": "08", "walking_16": "08", "walking_17": "08",
    "walking_18": "10", "walking_19": "12", "walking_20": "12", "walking_21": "12", "walking_22": "26",
    "walking_23": "27", "walking_24": "29", "walking_25": "32", "walking_26": "32", "walking_27": "16",
    "walking_28": "16", "walking_29": "16", "walking_30": "16", "walking_31": "16", "walking_32": "16",
    "walking_33": "16", "walking_34": "16", "walking_51": "49", "running_1": "35", "running_3": "35",
    "running_4": "35", "running_5": "35", "jumping_2": "49", "soccer_1": "10", "soccer_3": "10",
}  # fmt: skip
KIND_OF_SUBJECT = {
    "03": "walk", "05": "dance", "06": "sport", "07": "walk", "08": "walk", "09": "sport", "60+61": "dance",
    "94": "dance", "135": "sport", "10": "sport", "11": "sport", "12": "walk", "13": "sport", "14": "sport",
    "16": "walk", "26": "walk", "27": "walk", "29": "walk", "32": "walk", "35": "walk", "49": "sport", "85": "dance",
    "86": "sport", "91": "sport", "131": "dance", "takiguchi": "sport", "yokoyama": "sport", "accad-E": "sport",
    "accad-G": "sport", "accad-per": "dance", "accad-KareenBalsam": "dance", "accad-mike": "sport",
}  # fmt: skip
KIND_OF_SUBJECT |= {f"uiprmd-s{number:02}": "exercise" for number in range(1, 11)}
KIND_OF_CLIP = {
    "02_01": "walk", "02_02": "walk", "02_03": "sport", "02_04": "sport", "02_05": "sport", "05_01": "walk",
    "06_01": "walk", "09_12": "walk",
}  # fmt: skip
"""Kinds of clips that differ from the rest of their subject."""
WORDS_OF_KIND = {
    "floor": ("crawl", "crouch", "lie", "getup", "pushup", "sleeping"),
    "walk": ("walk", "side step"),
    "sport": (
        "basketball", "running", "soccer", "jump", "kick", "punch", "jog", "run", "flip", "roll", "cartwheel",
        "skip", "swim", "cresent",
    ),
    "dance": ("dance", "dab", "spin"),
}  # fmt: skip
"""Words in the names of clips of each kind."""


def main() -> None:
    """Writes the table of the installed package."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("data", type=Path, help=f"folder with {ARCHIVE} and {ACTIONS}")
    parser.add_argument("converted", type=Path, help="folder with the archives of tools/convert_motion_capture.py")
    options = parser.parse_args()
    splits.write_table(build_table(options.data, options.converted))
    print(splits.TABLE_PATH)


def build_table(data: Path, converted: Path) -> tuple[splits.MocapClip, ...]:
    """Returns all clips of both folders, sorted by source and file."""
    clips = [*_list_archive_clips(data / ARCHIVE), *_list_action_clips(data / ACTIONS), *_list_public_clips()]
    for path in converted.glob("*.npz"):
        clips += _list_converted_clips(path)
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


def _list_converted_clips(path: Path) -> Iterator[splits.MocapClip]:
    for named in mocap_files.read(path):
        subject = find_converted_subject(path.stem, named.name)
        seconds = len(named.motion.rotations) / float(named.motion.fps)
        yield _create_clip(path.stem, subject, PurePosixPath(named.name), seconds)


def find_converted_subject(source: str, name: str) -> str:
    """Returns the performer of a clip of a converted set, by its name."""
    match source:
        case "cc0_animations":
            return "animators"
        case "eyes_japan":
            return name.rsplit("-", 1)[-1]
        case "uiprmd":
            return f"uiprmd-{find_performer(name)}"
        case "accad" | "accad_txt":
            return f"accad-{find_performer(name)}"
        case _:
            return name.split("_", maxsplit=1)[0]


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
    kinds = (kind for kind, words in WORDS_OF_KIND.items() if any(word in stem.lower() for word in words))
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
