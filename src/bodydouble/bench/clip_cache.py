"""Cache of rendered clips: each clip is rendered once and found again by a digest of everything that decides it."""

import hashlib
import json
import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache
from importlib import resources
from pathlib import Path
from typing import Any

from bodydouble.formats.atomic import ensure_folder
from bodydouble.synthetic import rendered_clip

RENDER_CODE = (
    "synthetic", "render", "characters", "geometry", "skeletons", "motion", "formats", "data",
    "bench/synthetic_set.py", "bench/staging.py", "bench/partner_clips.py",
)  # fmt: skip
"""Folders and files of the package that decide the pixels and the ground truth of a clip."""


@dataclass(frozen=True, slots=True)
class BenchClip:
    """A rendered clip with its ground truth."""

    name: str
    video: Path
    ground_truth: Path
    """Performance file (``performance.npz``)."""
    group: str = ""
    """Group of clips whose figures are averaged, if any."""


ClipFactory = Callable[[Path | None], BenchClip]
"""Returns a clip from a cache folder (None: the default one) and renders it first if need be."""


def default_cache_dir() -> Path:
    """Returns the default cache folder of ``bench truth``: ``bodydouble/truth`` in the user's cache."""
    base = os.environ.get("XDG_CACHE_HOME")
    return (Path(base) if base else Path.home() / ".cache") / "bodydouble" / "truth"


def load_or_render(
    name: str, key: str, build_clip_scene: Callable[[], rendered_clip.ClipScene], cache_dir: Path, group: str = ""
) -> BenchClip:
    """Returns a clip from the cache; renders it first unless it is there.

    Args:
        name: name of the clip.
        key: digest of everything that decides the clip (``cache_key``).
        build_clip_scene: builds the scene to render.
        cache_dir: folder of cached clips.
        group: group of the clip.

    Raises:
        BodydoubleError: a motion cannot be read or the clip cannot be written.
    """
    stem = cache_dir / f"{name}_{key}"
    clip = BenchClip(name, stem.with_name(f"{stem.name}.mp4"), stem.with_name(f"{stem.name}.npz"), group)
    if not (clip.video.exists() and clip.ground_truth.exists()):
        ensure_folder(cache_dir)
        rendered_clip.render(build_clip_scene(), clip.video, clip.ground_truth)
    return clip


def cache_key(description: Any, motion_files: Sequence[Path]) -> str:
    """Returns a digest that changes with everything that decides a clip, the code of this package included.

    Args:
        description: parameters of the clip, ready for JSON.
        motion_files: files of motion capture; their names and contents count, their folders do not.
    """
    contents = [path.name + hashlib.sha256(path.read_bytes()).hexdigest() for path in motion_files]
    return hashlib.sha256(json.dumps([description, contents, _render_digest()]).encode()).hexdigest()[:12]


@cache
def _render_digest() -> str:
    return package_digest(RENDER_CODE)


def package_digest(paths: Sequence[str]) -> str:
    """Returns a digest of files of this package, and of all files in folders of it."""
    root = Path(str(resources.files("bodydouble")))
    digest = hashlib.sha256()
    for name in paths:
        path = root / name
        for file in sorted(path.rglob("*")) if path.is_dir() else [path]:
            if file.is_file() and file.suffix != ".pyc":
                digest.update(file.relative_to(root).as_posix().encode())
                digest.update(file.read_bytes())
    return digest.hexdigest()
