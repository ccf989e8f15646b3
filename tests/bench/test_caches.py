"""Keys of the caches of rendered clips and captures, and reuse of their files."""

from pathlib import Path

import grimp
import pytest

from bodydouble.bench import synthetic_set
from bodydouble.bench.capture_cache import CAPTURE_CODE, TOTAL, BenchCapture, capture_clips
from bodydouble.bench.clip_cache import RENDER_CODE, package_digest
from tests.bench import clips
from tests.synthetic import motions


def imported_parts(module: str) -> set[str]:
    """Returns the top-level folders and files of the package that a module imports, directly or not, and its own."""
    imported = {module, *grimp.build_graph("bodydouble").find_upstream_modules(module, as_package=True)}
    return {name.split(".")[1] for name in imported if "." in name}


def covered_parts(paths: tuple[str, ...]) -> set[str]:
    return {Path(path).stem for path in paths if Path(path).parent == Path()}


@pytest.mark.parametrize(
    ("module", "code"), [("bodydouble.synthetic", RENDER_CODE), ("bodydouble.pipeline.capturing", CAPTURE_CODE)]
)
def test_digests_cover_every_import(module: str, code: tuple[str, ...]) -> None:
    # Exceptions decide no pixel and no pose.
    assert imported_parts(module) - {"errors"} <= covered_parts(code)


def test_digest_depends_on_every_path() -> None:
    digests = {package_digest(RENDER_CODE), *(package_digest([path]) for path in RENDER_CODE)}
    assert len(digests) == 1 + len(RENDER_CODE)
    assert package_digest(["no such folder"]) == package_digest([])


def test_key_changes_with_everything_that_decides_the_clip(tmp_path: Path) -> None:
    static, moving = clips.specs(tmp_path)
    keys = {static.cache_key(), moving.cache_key()}
    other_seed = synthetic_set.ClipSpec("static", synthetic_set.STATIC, static.motion_files, 5, static.options)
    keys.add(other_seed.cache_key())
    motions.write(static.motion_files[0], motions.squats(25))
    keys.add(static.cache_key())
    assert len(keys) == 4


def test_key_does_not_depend_on_the_folder_of_the_motion(tmp_path: Path) -> None:
    folders = [tmp_path / name for name in ("first", "second")]
    for folder in folders:
        folder.mkdir()
    assert clips.specs(folders[0])[0].cache_key() == clips.specs(folders[1])[0].cache_key()


@pytest.mark.slow
def test_cached_clips_and_captures_are_reused(captures: list[BenchCapture], tmp_path: Path) -> None:
    folder = captures[0].clip.video.parent
    before = {path.name: path.stat().st_mtime_ns for path in folder.iterdir()}
    again = capture_clips(clips.factories(tmp_path), quality="fast", cache_dir=folder)
    assert {path.name: path.stat().st_mtime_ns for path in folder.iterdir()} == before
    assert [captured.stage_seconds[TOTAL] for captured in again] == [
        captured.stage_seconds[TOTAL] for captured in captures
    ]
