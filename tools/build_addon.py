"""Builds the add-on for Blender as a zip file to install: ``python tools/build_addon.py [ADDON.zip]``.

Needs only the standard library. The same sources give the same bytes.
"""

import sys
import tomllib
import zipfile
from pathlib import Path

ROOT = Path(__file__).parents[1]
ADD_ON = ROOT / "blender_addon"
SHARED = ROOT / "src" / "bodydouble" / "blender"
EPOCH = (1980, 1, 1, 0, 0, 0)


def list_files() -> dict[str, Path]:
    """Returns name in the zip file -> file: the add-on, the code that it shares with bodydouble, and the licence."""
    files = {path.name: path for path in (*ADD_ON.glob("*.py"), ADD_ON / "blender_manifest.toml", ROOT / "LICENSE")}
    files |= {f"blender/{path.name}": path for path in SHARED.glob("*.py") if path.name != "write_scene.py"}
    return dict(sorted(files.items()))


def default_path() -> Path:
    """Returns the path of the zip file in ``dist``, with the version of the add-on."""
    manifest = tomllib.loads((ADD_ON / "blender_manifest.toml").read_text(encoding="utf-8"))
    return ROOT / "dist" / "{id}_blender-{version}.zip".format_map(manifest)


def build(path: Path) -> None:
    """Writes the zip file; entries are stored, since compression differs between versions of zlib."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with zipfile.ZipFile(path, "w", zipfile.ZIP_STORED) as archive:
        for name, file in list_files().items():
            archive.writestr(zipfile.ZipInfo(name, EPOCH), file.read_bytes())


if __name__ == "__main__":
    output = Path(sys.argv[1]) if len(sys.argv) > 1 else default_path()
    build(output)
    print(output)
