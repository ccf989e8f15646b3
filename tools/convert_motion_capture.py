"""Converts sets of motion capture to archives of motions of the 22 humanoid joints.

Usage::

    python tools/convert_motion_capture.py ../shared/data FOLDER [--sets cmu_bvh accad ...]

Input: mocap.tar.xz, cmu_actions.npz, mocap2_files.tar.xz, uiprmd_markers.npz and accad_markers.npz in the given folder.
Output: FOLDER/SET.npz for each set, as ``bodydouble.synthetic.motion_archive`` describes. Clips that repeat one of the
first two files, or another clip, are left out. Prints what is in each set, what is left out and why, the lengths of
the segments, and how far markers are from the fitted body.
"""

import argparse
import sys
import tarfile
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np

ROOT = Path(__file__).parent.parent
sys.path.insert(0, str(ROOT / "src"))

from bodydouble.data import FloatArray, Motion  # noqa: E402
from bodydouble.synthetic import mocap_files, motion_archive  # noqa: E402
from mocap.clips import Clip, DroppedClip, clip_seconds  # noqa: E402
from mocap.file_sets import read_files  # noqa: E402
from mocap.marker_sets import MARKER_SETS, fit_set, read_markers  # noqa: E402
from mocap.proportions import describe_proportions  # noqa: E402
from mocap.repeats import find_repeats, knee_angles  # noqa: E402

FILES, KNOWN_FILES, ACTIONS = "mocap2_files.tar.xz", "mocap.tar.xz", "cmu_actions.npz"
FILE_SETS = ("cmu_amc", "cmu_bvh", "cmu_fbx", "eyes_japan", "cc0_animations")
"""Folders of FILES with rigs."""
SETS = (*FILE_SETS, *MARKER_SETS)


def main() -> None:
    """Converts the sets."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("data", type=Path, help="folder of the input")
    parser.add_argument("folder", type=Path, help="folder of the archives")
    parser.add_argument("--sets", nargs="+", choices=SETS, default=SETS, help="sets to convert; default: all")
    options = parser.parse_args()
    options.folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as temporary:
        with tarfile.open(options.data / FILES) as archive:
            archive.extractall(temporary, filter="data")
        files = Path(temporary) / "mocap2"
        known = _known_knee_angles(options.data) if set(options.sets) & set(FILE_SETS) else {}
        for name in options.sets:
            if name in FILE_SETS:
                results = _drop_repeats(list(read_files(files / name)), known)
            else:
                results = list(_fit_markers(name, options.data, files))
            _write_set(options.folder / f"{name}.npz", results)


def _known_knee_angles(data: Path) -> dict[str, FloatArray]:
    """Returns the knee angles of all clips that had been there before."""
    with tempfile.TemporaryDirectory() as temporary:
        with tarfile.open(data / KNOWN_FILES) as archive:
            archive.extractall(temporary, filter="data")
        files = [path for path in Path(temporary).rglob("*.bvh") if path.stem != "standard"]
        named = [clip for path in (*sorted(files), data / ACTIONS) for clip in mocap_files.read(path)]
    return {clip.name: knee_angles(clip.motion) for clip in named}


def _fit_markers(name: str, data: Path, files: Path) -> Iterator[Clip | DroppedClip]:
    """Yields the clips of a set of markers; prints how far the markers are from the fitted bodies."""
    fits = list(fit_set(read_markers(name, data, files)))
    median, high = 1000 * np.percentile(np.concatenate([fit.distances for fit in fits]), (50, 90))
    print(f"{name}: distance of the markers from the fitted bodies {median:.1f} mm (median), {high:.1f} mm (90 %)")
    for fit in fits:
        yield from fit.results


def _drop_repeats(results: list[Clip | DroppedClip], known: dict[str, FloatArray]) -> list[Clip | DroppedClip]:
    """Leaves out clips that repeat known ones, and adds the knee angles of the others to those known."""
    clips = {result.name: result for result in results if isinstance(result, Clip)}
    repeats = find_repeats({name: clip.motion for name, clip in clips.items()}, known)
    known |= {name: knee_angles(clip.motion) for name, clip in clips.items() if name not in repeats}
    return [
        DroppedClip(result.name, f"repeats {match.name} (correlation of knees {match.correlation:.4f})")
        if (match := repeats.get(result.name))
        else result
        for result in results
    ]


def _write_set(path: Path, results: list[Clip | DroppedClip]) -> None:
    """Writes the clips of a set, and prints a report."""
    clips = [result for result in results if isinstance(result, Clip)]
    motion_archive.write(path, {clip.name: clip.motion for clip in clips})
    _print_report(path, clips, [result for result in results if isinstance(result, DroppedClip)])


def _print_report(path: Path, clips: Sequence[Clip], dropped: Sequence[DroppedClip]) -> None:
    by_subject: dict[str, list[Motion]] = {}
    for clip in clips:
        by_subject.setdefault(clip.subject, []).append(clip.motion)
    minutes = sum(clip_seconds(clip.motion) for clip in clips) / 60
    print(f"{path.name}: {len(clips)} clips, {minutes:.1f} minutes, subjects {', '.join(by_subject)}")
    for subject, motions in by_subject.items():
        print(f"  {subject}: {len(motions)} clips, {describe_proportions(motions[0].skeleton)}")
    for clip in dropped:
        print(f"  left out: {clip.name}: {clip.reason}", flush=True)


if __name__ == "__main__":
    main()
