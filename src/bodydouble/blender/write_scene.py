"""Script for Blender that writes a capture as a .blend file: ``write_scene.py -- CAPTURE OUTPUT.blend``.

Blender runs it by ``blender --background --python``, or a Python with the package bpy. The options are those of
``scene.open_capture``. Lines ``note: ...`` on standard output tell what the scene lacks. If the script fails, its exit
status is 1, and a line on standard error begins with ``bodydouble:``.
"""

import argparse
import importlib.util
import sys
from pathlib import Path
from types import ModuleType

import bpy

MIN_VERSION = (4, 2, 0)
PACKAGE = "bodydouble_blender"
FOLDER = Path(__file__).resolve().parent


def _import_scene() -> ModuleType:
    """Imports the modules beside this script as a package, since Blender's Python does not know bodydouble."""
    spec = importlib.util.spec_from_file_location(
        PACKAGE, FOLDER / "__init__.py", submodule_search_locations=[str(FOLDER)]
    )
    if spec is None or spec.loader is None:
        raise ImportError(f"{FOLDER} is not a package")
    sys.modules[PACKAGE] = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(sys.modules[PACKAGE])
    return importlib.import_module(f"{PACKAGE}.scene")


def _parse_arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser()
    parser.add_argument("capture", type=Path)
    parser.add_argument("output", type=Path)
    parser.add_argument("--video", type=Path)
    parser.add_argument("--characters", type=Path)
    parser.add_argument("--people", nargs="+")
    return parser.parse_args(sys.argv[sys.argv.index("--") + 1 :])


def main() -> None:
    """Builds the scene in an empty file and saves it."""
    arguments = _parse_arguments()
    if bpy.app.version < MIN_VERSION:
        raise RuntimeError(f"version {bpy.app.version_string} is too old; install Blender 4.2 or later")
    bpy.ops.wm.read_factory_settings(use_empty=True)
    # Blender would keep the file that is to be replaced as a second one.
    bpy.context.preferences.filepaths.save_version = 0
    scene = _import_scene()
    notes = scene.open_capture(
        arguments.capture, video=arguments.video, characters=arguments.characters, people=arguments.people
    )
    bpy.ops.wm.save_as_mainfile(filepath=str(arguments.output.resolve()), compress=True)
    sys.stdout.writelines(f"note: {note}\n" for note in notes)


if __name__ == "__main__":
    try:
        main()
    except Exception as error:
        sys.exit(f"bodydouble: {' '.join(str(error).split())}")
