"""Measures real motion capture for the scores of bodydouble.evaluation.naturalness.

Writes src/bodydouble/evaluation/capture_statistics.json from files of the CMU Graphics Lab Motion Capture Database
(mocap.cs.cmu.edu): BVH conversions, and an archive of action clips::

    python tools/measure_capture.py cmu cmu_actions.npz cmu_partners/indian cmu_partners/martial

Only takes on a flat floor count: of the subjects in the folder cmu, 01 climbs and 03 walks over uneven ground.
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
NOT_FLAT = ("01_", "03_")
SHARES = np.linspace(0.0, 1.0, 41)
REST_HEIGHT, REST_SPEED = 0.04, 0.3
"""m and m/s: a point of the soles lower and slower than this rests on the floor."""
MIDAIR = 0.05
"""m; resting soles this far above the lowest soles of the usual frame stand on something else."""


def on_floor(motion: Motion) -> Motion:
    """The motion with the soles at rest at y = 0, and its contacts."""
    soles = sole_positions(motion.skeleton, motion.rotations, motion.root_position)
    speed = np.linalg.norm(np.gradient(soles, axis=0), axis=-1) * float(motion.fps)
    lowest = soles[..., 1].min(axis=1)
    rests = (speed.min(axis=1) < REST_SPEED) & (lowest < np.median(lowest) + MIDAIR)
    height = np.median(lowest[rests]) if rests.any() else lowest.min()
    contacts = ((soles[..., 1] - height < REST_HEIGHT) & (speed < REST_SPEED)).astype(float)
    return replace(motion, root_position=motion.root_position - np.array([0.0, height, 0.0]), contacts=contacts)


def captured(paths: Sequence[Path]) -> Iterator[Motion]:
    """All motions on a flat floor in files and folders."""
    for path in paths:
        files = sorted(path.rglob("*.bvh")) if path.is_dir() else [path]
        for file in files:
            if not file.name.startswith(NOT_FLAT):
                yield from (on_floor(named.motion) for named in mocap_files.read(file))


def measured(paths: Sequence[Path]) -> dict[str, FloatArray]:
    """Each statistic in all windows of files and folders."""
    takes = [naturalness.window_statistics(naturalness.sample_from_motion(motion)) for motion in captured(paths)]
    return {name: np.concatenate([take[name] for take in takes]) for name in naturalness.STATISTICS}


def table(found: dict[str, FloatArray]) -> str:
    """The file's text, one line per statistic."""
    known = {name: values[np.isfinite(values)] for name, values in found.items()}
    rows = [f"  {json.dumps(name)}: {np.quantile(v, SHARES).round(4).tolist()}" for name, v in known.items()]
    windows = {name: len(values) for name, values in known.items()}
    head = f'{{\n "source": {json.dumps(CREDIT)},\n "windows": {json.dumps(windows)},\n'
    return f'{head} "shares": {SHARES.round(3).tolist()},\n "quantiles": {{\n' + ",\n".join(rows) + "\n }\n}\n"


def main() -> None:
    """Writes the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("paths", type=Path, nargs="+")
    found = measured(parser.parse_args().paths)
    TABLE.write_text(table(found), encoding="utf-8")
    for name, values in found.items():
        print(f"{name}: {np.isfinite(values).sum()} windows, quartiles {np.nanquantile(values, (0.25, 0.5, 0.75))}")


if __name__ == "__main__":
    main()
