"""Measures statistics of real motion capture for the scores of bodydouble.evaluation.naturalness.

Usage::

    python tools/measure_capture.py cmu cmu_actions.npz cmu_partners/indian cmu_partners/martial

Input: files of the CMU Graphics Lab Motion Capture Database (mocap.cs.cmu.edu), as BVH conversions and as an archive of
action clips. Output: src/bodydouble/evaluation/capture_statistics.json. Only clips on a flat floor count: of the
subjects in the folder cmu, 01 climbs and 03 walks over uneven ground.
"""

import argparse
import json
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np

from bodydouble.data import FloatArray, Motion
from bodydouble.evaluation import naturalness
from bodydouble.motion.floor.contacts import sole_positions
from bodydouble.synthetic import mocap_files

TABLE = Path(naturalness.__file__).with_name("capture_statistics.json")
CREDIT = (
    "The data used in this project was obtained from mocap.cs.cmu.edu. "
    "The database was created with funding from NSF EIA-0196217."
)
NOT_FLAT_PREFIXES = ("01_", "03_")
"""Prefixes of the names of files without a flat floor."""
FRACTIONS = np.linspace(0.0, 1.0, 41)
"""Fractions at which quantiles are stored."""
REST_HEIGHT, REST_SPEED = 0.04, 0.3
"""Maximum height in m and speed in m/s of a point of the soles that rests on the floor."""
MAX_FLOOR_DEVIATION = 0.05
"""Maximum height in m of resting soles above the median height of the lowest sole; higher ones are on an object."""


def place_on_floor(motion: Motion) -> Motion:
    """Returns the motion with resting soles at y = 0, and its contacts."""
    soles = sole_positions(motion.skeleton, motion.rotations, motion.root_position)
    speed = np.linalg.norm(np.gradient(soles, axis=0), axis=-1) * float(motion.fps)
    lowest = soles[..., 1].min(axis=1)
    is_resting = (speed.min(axis=1) < REST_SPEED) & (lowest < np.median(lowest) + MAX_FLOOR_DEVIATION)
    floor_height = np.median(lowest[is_resting]) if is_resting.any() else lowest.min()
    contacts = ((soles[..., 1] - floor_height < REST_HEIGHT) & (speed < REST_SPEED)).astype(float)
    return replace(motion, root_position=motion.root_position - np.array([0.0, floor_height, 0.0]), contacts=contacts)


def load_motions(paths: Sequence[Path]) -> Iterator[Motion]:
    """Yields all motions on a flat floor in files and folders."""
    for path in paths:
        files = sorted(path.rglob("*.bvh")) if path.is_dir() else [path]
        for file in files:
            if not file.name.startswith(NOT_FLAT_PREFIXES):
                yield from (place_on_floor(named.motion) for named in mocap_files.read(file))


def compute_statistics(paths: Sequence[Path]) -> dict[str, FloatArray]:
    """Computes each statistic in all windows of files and folders."""
    samples = (naturalness.sample_from_motion(motion) for motion in load_motions(paths))
    statistics = [naturalness.window_statistics(sample) for sample in samples]
    return {name: np.concatenate([of_clip[name] for of_clip in statistics]) for name in naturalness.STATISTICS}


def format_table(values_by_name: dict[str, FloatArray]) -> str:
    """Formats the file, one line per statistic."""
    finite = {name: values[np.isfinite(values)] for name, values in values_by_name.items()}
    rows = [f"  {json.dumps(name)}: {np.quantile(v, FRACTIONS).round(4).tolist()}" for name, v in finite.items()]
    windows = {name: len(values) for name, values in finite.items()}
    head = f'{{\n "source": {json.dumps(CREDIT)},\n "windows": {json.dumps(windows)},\n'
    return f'{head} "shares": {FRACTIONS.round(3).tolist()},\n "quantiles": {{\n' + ",\n".join(rows) + "\n }\n}\n"


def main() -> None:
    """Writes the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("paths", type=Path, nargs="+", help="files or folders of motion capture")
    values_by_name = compute_statistics(parser.parse_args().paths)
    TABLE.write_text(format_table(values_by_name), encoding="utf-8")
    for name, values in values_by_name.items():
        print(f"{name}: {np.isfinite(values).sum()} windows, quartiles {np.nanquantile(values, (0.25, 0.5, 0.75))}")


if __name__ == "__main__":
    main()
