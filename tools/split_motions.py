"""Writes the table that says which motion capture is for training, validation and test.

    python tools/split_motions.py ../shared/data

lists mocap.tar.xz and cmu_actions.npz in the given folder, and the motions of the package pybullet (extra bench).
People, not clips, are divided. Who performed an action clip is known where its knees bend as those of a clip of the
database do (checked once, to 0.01 degrees); all others are for training, and so are the people who may be in them.

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

SPLITS = {
    "train": ("01", "03", "06", "09", "60+61", "rokoko", "unknown"),
    "validation": ("02", "05", "07", "fair1"),
    "test": ("08", "94", "135", "deepmimic"),
}
SPLIT = {subject: split for split, subjects in SPLITS.items() for subject in subjects}
PARTNERS = {"indian": "94", "martial": "135", "salsa": "60+61"}
"""Folder of cmu_partners -> CMU subject. The two who dance together are not divided."""
ACTION_SUBJECTS = {
    "basketball_1": "06", "basketball_2": "06", "basketball_3": "06", "basketball_4": "06", "basketball_5": "06",
    "walking_1": "02", "walking_2": "05", "walking_3": "06", "walking_4": "07", "walking_5": "07",
    "walking_13": "08", "walking_14": "08", "walking_15": "08", "walking_16": "08", "walking_17": "08",
}  # fmt: skip
SUBJECT_KINDS = {
    "03": "walk", "05": "dance", "06": "sport", "07": "walk", "08": "walk", "09": "sport", "60+61": "dance",
    "94": "dance", "135": "sport",
}  # fmt: skip
CLIP_KINDS = {
    "02_01": "walk", "02_02": "walk", "02_03": "sport", "02_04": "sport", "02_05": "sport", "05_01": "walk",
    "06_01": "walk", "09_12": "walk",
}  # fmt: skip
"""These are of another kind than the rest of their subject."""
WORDS = {
    "walk": ("walk",),
    "sport": (
        "basketball", "running", "soccer", "jump", "kick", "punch", "jog", "run", "flip", "roll", "cartwheel",
    ),
    "dance": ("dance", "dab", "spin"),
}  # fmt: skip
"""Kind -> words in the names of clips."""


def main() -> None:
    """Writes the table of the installed package."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("data", type=Path, help=f"folder with {ARCHIVE} and {ACTIONS}")
    splits.write_table(table(parser.parse_args().data))
    print(splits.TABLE_PATH)


def table(data: Path) -> tuple[splits.MocapClip, ...]:
    """All clips of the folder, by source and file."""
    clips = [*_archive_clips(data / ARCHIVE), *_action_clips(data / ACTIONS), *_public_clips()]
    return tuple(sorted(clips, key=lambda clip: (clip.source, clip.file)))


def _archive_clips(path: Path) -> Iterator[splits.MocapClip]:
    with tarfile.open(path) as archive:
        for member in archive:
            file = PurePosixPath(member.name)
            stream = archive.extractfile(member) if file.suffix in (".bvh", ".txt") else None
            if stream is None or file.stem == "standard" or "LICENCE" in file.stem:
                continue
            text = stream.read().decode()
            seconds = _bvh_seconds(text) if file.suffix == ".bvh" else _deepmimic_seconds(text)
            yield _clip(file.parts[0], _subject(file), PurePosixPath(*file.parts[1:]), seconds)


def _action_clips(path: Path) -> Iterator[splits.MocapClip]:
    with np.load(path, allow_pickle=False) as stored:
        fps = stored["fps"][0] / stored["fps"][1]
        for key in stored.files:
            if key.endswith("/root_m"):
                name = key.removesuffix("/root_m")
                subject = ACTION_SUBJECTS.get(name, "unknown")
                yield _clip("cmu_actions", subject, PurePosixPath(name), len(stored[key]) / fps)


def _public_clips() -> Iterator[splits.MocapClip]:
    for path in (Path(pybullet_data.getDataPath()) / "data" / "motions").glob("humanoid3d_*.txt"):
        yield _clip("pybullet", "deepmimic", PurePosixPath(path.name), _deepmimic_seconds(path.read_text()))


def _clip(source: str, subject: str, file: PurePosixPath, seconds: float) -> splits.MocapClip:
    return splits.MocapClip(source, subject, str(file), _kind(subject, file.stem), SPLIT[subject], round(seconds, 2))


def _subject(file: PurePosixPath) -> str:
    source, folder = file.parts[0], file.parent.name
    match source:
        case "cmu":
            return folder
        case "cmu_partners":
            return PARTNERS[folder]
        case "animated_drawings":
            return "unknown" if folder == "cmu1" else folder
        case _:
            return source


def _kind(subject: str, stem: str) -> str:
    named = (kind for kind, words in WORDS.items() if any(word in stem for word in words))
    return next(named, CLIP_KINDS.get(stem, SUBJECT_KINDS.get(subject, "other")))


def _bvh_seconds(text: str) -> float:
    frames = re.search(r"Frames:\s*(\d+)", text)
    frame_time = re.search(r"Frame Time:\s*([\d.]+)", text)
    assert frames and frame_time
    return int(frames[1]) * float(frame_time[1])


def _deepmimic_seconds(text: str) -> float:
    return sum(row[0] for row in json.loads(text)["Frames"])


if __name__ == "__main__":
    main()
