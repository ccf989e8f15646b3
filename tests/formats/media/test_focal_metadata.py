"""Focal length in the metadata of videos and images."""

import struct
from math import hypot
from pathlib import Path

import av
import numpy as np
import pytest
from av import VideoFrame
from av.video.stream import VideoStream
from PIL import Image

from bodydouble.cli.inspect import describe_file
from bodydouble.formats.media import FrameReader, probe
from bodydouble.formats.media.focal_metadata import (
    EXIF_DIRECTORY,
    EXIF_FOCAL_LENGTH_35MM,
    FOCAL_LENGTH_KEY,
    read_video_focal_length,
)
from tests.media_builders import numbered_pictures, quadrants, read_number, write_video

TEXT, FLOAT, DOUBLE, INTEGER, BYTE = 1, 23, 24, 21, 65
MAKE = 271


def write_tagged(path: Path, tags: dict[str, str]) -> Path:
    """Writes a video with metadata of the whole file."""
    with av.open(str(path), "w", container_options={"movflags": "use_metadata_tags"}) as container:
        container.metadata.update(tags)
        stream = container.add_stream("libx264", rate=30)
        assert isinstance(stream, VideoStream)
        stream.width, stream.height, stream.pix_fmt = 64, 48, "yuv420p"
        for image in numbered_pictures(3):
            container.mux(stream.encode(VideoFrame.from_ndarray(image, format="rgb24")))
        container.mux(stream.encode(None))
    return path


def atom(kind: bytes, content: bytes) -> bytes:
    return struct.pack(">I4s", len(content) + 8, kind) + content


def metadata(values: dict[str, tuple[int, bytes]], *, quicktime: bool = True) -> bytes:
    """Returns a meta atom of QuickTime, or of MP4 with version and flags first."""
    handler = atom(b"hdlr", bytes(8) + b"mdta" + bytes(12))
    keys = b"".join(atom(b"mdta", key.encode()) for key in values)
    items = b"".join(
        atom(struct.pack(">I", number), atom(b"data", struct.pack(">II", kind, 0) + raw))
        for number, (kind, raw) in enumerate(values.values(), start=1)
    )
    head = atom(b"keys", struct.pack(">II", 0, len(values)) + keys)
    return atom(b"meta", (b"" if quicktime else bytes(4)) + handler + head + atom(b"ilst", items))


def insert(path: Path, into: list[bytes], new: bytes) -> Path:
    """Inserts an atom at the end of the first atom of a chain of types; the enclosing sizes grow."""
    data = bytearray(path.read_bytes())
    start, end = 0, len(data)
    for kind in into:
        while data[start + 4 : start + 8] != kind:
            start += struct.unpack_from(">I", data, start)[0]
        size = struct.unpack_from(">I", data, start)[0]
        struct.pack_into(">I", data, start, size + len(new))
        start, end = start + 8, start + size
    path.write_bytes(data[:end] + new + data[end:])
    return path


@pytest.mark.parametrize("name", ["phone.mov", "phone.mp4", "phone.mkv"])
def test_reads_metadata_of_the_file(name: str, tmp_path: Path) -> None:
    assert probe(write_tagged(tmp_path / name, {FOCAL_LENGTH_KEY: "26"})).focal_length_35mm == 26.0


@pytest.mark.parametrize("quicktime", [True, False])
@pytest.mark.parametrize("parents", [[b"moov"], [b"moov", b"trak"]], ids=["movie", "track"])
@pytest.mark.parametrize(
    ("kind", "raw", "millimetres"),
    [
        (TEXT, b"14", 14.0),
        (TEXT, b"50.00mm", 50.0),
        (FLOAT, struct.pack(">f", 26.5), 26.5),
        (DOUBLE, struct.pack(">d", 26.5), 26.5),
        (INTEGER, struct.pack(">h", 300), 300.0),
        (BYTE, b"\x1a", 26.0),
    ],
)
def test_reads_metadata_of_movie_and_track(
    quicktime: bool, parents: list[bytes], kind: int, raw: bytes, millimetres: float, tmp_path: Path
) -> None:
    path = write_video(tmp_path / "phone.mov", numbered_pictures(3))
    values = {
        "com.apple.quicktime.camera.lens_model": (TEXT, b"back camera 5.96mm f/1.6"),
        FOCAL_LENGTH_KEY: (kind, raw),
    }
    insert(path, parents, metadata(values, quicktime=quicktime))
    assert probe(path).focal_length_35mm == millimetres
    with FrameReader(path) as reader:
        assert [read_number(frame) for frame in reader] == [0, 1, 2]


@pytest.mark.parametrize("name", ["plain.mov", "plain.mp4", "plain.mkv", "plain.avi", "plain.ts", "plain.webm"])
def test_plain_videos_have_no_focal_length(name: str, tmp_path: Path) -> None:
    codec = {".webm": "libvpx-vp9", ".avi": "mpeg4"}.get(Path(name).suffix, "libx264")
    clip = probe(write_video(tmp_path / name, numbered_pictures(30), codec=codec))
    assert clip.focal_length_35mm is None
    assert clip.focal_length_px is None


@pytest.mark.parametrize("text", ["0", "-13", "7.9", "1001", "nan", "", "wide", "26 mm f/1.6"])
def test_implausible_values_are_ignored(text: str, tmp_path: Path) -> None:
    path = write_video(tmp_path / "odd.mov", numbered_pictures(3))
    insert(path, [b"moov", b"trak"], metadata({FOCAL_LENGTH_KEY: (TEXT, text.encode())}))
    assert probe(path).focal_length_35mm is None
    assert probe(write_tagged(tmp_path / "odd.mkv", {FOCAL_LENGTH_KEY: text})).focal_length_35mm is None


def test_damaged_metadata_is_ignored(tmp_path: Path) -> None:
    """For any bytes, the result is a plausible number or None."""
    rng = np.random.default_rng(0)
    path = write_video(tmp_path / "phone.mov", numbered_pictures(2))
    insert(path, [b"moov", b"trak"], metadata({FOCAL_LENGTH_KEY: (FLOAT, struct.pack(">f", 26.5))}))
    original = path.read_bytes()
    start = original.index(b"moov") - 4
    for _ in range(300):
        data = bytearray(original[: rng.integers(start, len(original))] if rng.random() < 0.3 else original)
        for offset in rng.integers(start, len(data) - 1, 4) if len(data) > start + 1 else ():
            data[offset] = rng.integers(256)
        path.write_bytes(data)
        focal_length = read_video_focal_length(path, [])
        assert focal_length is None or 8 <= focal_length <= 1000


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"moov",
        struct.pack(">I4sQ", 1, b"mdat", 2**64 - 1),
        struct.pack(">I4s", 0, b"free") * 9,
        b"\0\0\0\x01" * 99,
    ],
)
def test_other_files_have_no_index(content: bytes, tmp_path: Path) -> None:
    (tmp_path / "other").write_bytes(content)
    assert read_video_focal_length(tmp_path / "other", []) is None


def test_finds_the_index_after_an_atom_with_a_64_bit_size(tmp_path: Path) -> None:
    pixels = struct.pack(">I4sQ", 1, b"mdat", 40) + bytes(24)
    index = atom(b"moov", atom(b"trak", metadata({FOCAL_LENGTH_KEY: (TEXT, b"26")})))
    (tmp_path / "long.mov").write_bytes(pixels + index)
    assert read_video_focal_length(tmp_path / "long.mov", []) == 26.0


@pytest.mark.parametrize("suffix", [".jpg", ".png", ".webp"])
def test_reads_exif_of_images(suffix: str, tmp_path: Path) -> None:
    exif = Image.Exif()
    exif[MAKE] = "Phone"
    exif.get_ifd(EXIF_DIRECTORY)[EXIF_FOCAL_LENGTH_35MM] = 35
    for number in range(2):
        Image.fromarray(quadrants()).save(tmp_path / f"shot{number}{suffix}", exif=exif)
    assert probe(tmp_path / f"shot0{suffix}").focal_length_35mm == 35.0
    assert probe(tmp_path).focal_length_35mm == 35.0
    assert probe(tmp_path / f"*{suffix}").focal_length_35mm == 35.0


def test_images_without_plausible_exif_have_no_focal_length(tmp_path: Path) -> None:
    zero = Image.Exif()
    zero.get_ifd(EXIF_DIRECTORY)[EXIF_FOCAL_LENGTH_35MM] = 0
    Image.fromarray(quadrants()).save(tmp_path / "plain.jpg")
    Image.fromarray(quadrants()).save(tmp_path / "plain.bmp")
    Image.fromarray(quadrants()).save(tmp_path / "unknown.jpg", exif=zero)
    Image.fromarray(quadrants()).save(tmp_path / "damaged.jpg", exif=b"Exif\0\0MM\0*\0\0\0\x08\0\x01\xff\xff")
    for name in ("plain.jpg", "plain.bmp", "unknown.jpg", "damaged.jpg"):
        assert probe(tmp_path / name).focal_length_35mm is None


def test_focal_length_is_relative_to_the_diagonal_of_35_mm_film(tmp_path: Path) -> None:
    """The image diagonal subtends the angle of 36 mm x 24 mm film, also after scaling."""
    for side in (None, 32):
        clip = probe(write_tagged(tmp_path / "phone.mov", {FOCAL_LENGTH_KEY: "26"}), max_side=side)
        assert clip.focal_length_px is not None
        assert hypot(*clip.image_size) / clip.focal_length_px == pytest.approx(hypot(36, 24) / 26)
    assert clip.focal_length_px == pytest.approx(26 * 40 / 43.27, rel=1e-4)


def test_inspect_shows_the_focal_length(tmp_path: Path) -> None:
    label = "focal length, 35 mm equivalent"
    assert describe_file(str(write_tagged(tmp_path / "phone.mov", {FOCAL_LENGTH_KEY: "26"})))[label] == "26 mm"
    assert label not in describe_file(str(write_tagged(tmp_path / "other.mov", {})))
