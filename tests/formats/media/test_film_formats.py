"""Formats of films: WebM, GIF, APNG and folders of PNG files, read by PyAV and Pillow."""

from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest
from hypothesis import given
from hypothesis.extra.numpy import arrays
from numpy.typing import NDArray
from PIL import Image, ImageSequence

from bodydouble.data import RgbaImage
from bodydouble.errors import FormatError, InvalidDataError, OutputError
from bodydouble.formats.media import FrameReader, VideoWriter
from bodydouble.formats.media.alpha import straighten_alpha
from bodydouble.formats.media.encodings import ENCODINGS, VideoFormat, find_encoder, has_alpha
from bodydouble.formats.media.images import ImageFolderWriter, write_png
from tests.media_builders import beep, numbered_pictures, read_number, read_sound, write_video

SIZE = (64, 48)
COUNT = 12


def transparent_picture(number: int) -> RgbaImage:
    """Orange square that moves to the right on a transparent ground; its lower half has half the alpha."""
    image = np.zeros((SIZE[1], SIZE[0], 4), dtype=np.uint8)
    image[8:24, 2 * number : 2 * number + 24] = (240, 120, 40, 255)
    image[24:40, 2 * number : 2 * number + 24] = (120, 60, 20, 128)
    return image


def write(path: Path, video_format: VideoFormat, alpha: bool, fps: Fraction = Fraction(25)) -> Path:
    encoding = ENCODINGS[video_format]
    with VideoWriter(path, image_size=SIZE, fps=fps, encoding=encoding, has_alpha=alpha) as writer:
        for number, picture in enumerate(numbered_pictures(COUNT, SIZE)):
            writer.write(transparent_picture(number) if alpha else picture)
    return path


@pytest.mark.parametrize("video_format", [VideoFormat.WEBM, VideoFormat.GIF, VideoFormat.APNG])
@pytest.mark.parametrize("fps", [Fraction(25), Fraction(30000, 1001)])
def test_every_frame_comes_back_once_and_in_order(tmp_path: Path, video_format: VideoFormat, fps: Fraction) -> None:
    path = write(tmp_path / f"film.{video_format.value}", video_format, alpha=False, fps=fps)
    with FrameReader(path, fps=fps) as reader:
        assert [read_number(frame) for frame in reader] == list(range(COUNT))
    assert list(tmp_path.iterdir()) == [path]


def _decode_webm(path: Path) -> list[NDArray[np.uint8]]:
    """Decodes with libvpx, which reads alpha; FFmpeg's own decoder does not."""
    with av.open(str(path)) as container:
        decoder = av.CodecContext.create("libvpx-vp9", "r")
        packets = [packet for packet in container.demux(video=0) if packet.size]
        frames = [frame for packet in (*packets, None) for frame in decoder.decode(packet)]
        assert container.streams.video[0].metadata["alpha_mode"] == "1"
        return [np.asarray(frame.to_ndarray(format="rgba"), dtype=np.uint8) for frame in frames]


def _decode_images(path: Path) -> list[NDArray[np.uint8]]:
    with Image.open(path) as image:
        return [np.array(frame.convert("RGBA")) for frame in ImageSequence.Iterator(image)]


@pytest.mark.parametrize(("video_format", "tolerance"), [(VideoFormat.WEBM, 40), (VideoFormat.APNG, 1)])
def test_alpha_and_colours_are_those_that_were_drawn(tmp_path: Path, video_format: VideoFormat, tolerance: int) -> None:
    path = write(tmp_path / f"film.{video_format.value}", video_format, alpha=True)
    frames = _decode_webm(path) if video_format is VideoFormat.WEBM else _decode_images(path)
    assert len(frames) == COUNT
    for number, frame in enumerate(frames):
        expected = transparent_picture(number)
        inner = np.zeros(SIZE[::-1], dtype=bool)
        inner[11:21, 2 * number + 4 : 2 * number + 20] = inner[27:37, 2 * number + 4 : 2 * number + 20] = True
        assert np.abs(frame[inner, 3].astype(int) - expected[inner, 3]).max() <= tolerance
        assert frame[:4, :, 3].max() <= tolerance
        assert np.abs(frame[inner, :3].astype(int) - (240, 120, 40)).max() <= tolerance, "not multiplied by alpha"


def test_a_gif_is_transparent_or_opaque_and_repeats_for_ever(tmp_path: Path) -> None:
    path = write(tmp_path / "film.gif", VideoFormat.GIF, alpha=True)
    frames = _decode_images(path)
    assert len(frames) == COUNT
    for number, frame in enumerate(frames):
        assert set(np.unique(frame[..., 3])) == {0, 255}
        assert (frame[10:22, 2 * number + 2 : 2 * number + 20, 3] == 255).all()
        assert (frame[:6, :, 3] == 0).all()
    with Image.open(path) as image:
        assert image.info["loop"] == 0
        assert image.info["duration"] == 40


def test_an_apng_repeats_for_ever(tmp_path: Path) -> None:
    with Image.open(write(tmp_path / "film.apng", VideoFormat.APNG, alpha=True)) as image:
        assert image.info["loop"] == 0
        assert image.info["duration"] == 40


@pytest.mark.parametrize("sound_codec", ["aac", "libopus"])
def test_a_webm_has_the_sound_of_the_source(tmp_path: Path, sound_codec: str) -> None:
    source = write_video(
        tmp_path / "source.mkv", numbered_pictures(60), sound=beep(3.0, start=1.0), sound_codec=sound_codec
    )
    path = tmp_path / "film.webm"
    encoding = ENCODINGS[VideoFormat.WEBM]
    with VideoWriter(path, image_size=SIZE, fps=Fraction(30), encoding=encoding, audio_from=source) as writer:
        for picture in numbered_pictures(45, SIZE):
            writer.write(picture)
    samples, first = read_sound(path)
    assert first + float(np.argmax(np.abs(samples) > 0.2)) / 48000 == pytest.approx(1.0, abs=0.03)
    assert first + len(samples) / 48000 == pytest.approx(1.5, abs=0.08)
    with av.open(str(path)) as container:
        assert container.streams.audio[0].codec_context.codec.canonical_name == "opus"


def test_a_folder_of_images_is_complete_or_absent(tmp_path: Path) -> None:
    folder = tmp_path / "film"
    with ImageFolderWriter(folder) as writer:
        for number in range(3):
            writer.write(transparent_picture(number))
    assert [path.name for path in sorted(folder.iterdir())] == ["000000.png", "000001.png", "000002.png"]
    for number, path in enumerate(sorted(folder.iterdir())):
        np.testing.assert_array_equal(np.array(Image.open(path)), straighten_alpha(transparent_picture(number)))
    with pytest.raises(ValueError, match="stop"), ImageFolderWriter(tmp_path / "other") as writer:
        writer.write(transparent_picture(0))
        raise ValueError("stop")
    with pytest.raises(OutputError, match="at least one frame"), ImageFolderWriter(tmp_path / "other"):
        pass
    assert list(tmp_path.iterdir()) == [folder]


def test_a_still_image_keeps_its_pixels(tmp_path: Path) -> None:
    (picture,) = numbered_pictures(1, SIZE)
    write_png(tmp_path / "still.png", picture)
    np.testing.assert_array_equal(np.array(Image.open(tmp_path / "still.png")), picture)


@given(arrays(np.uint8, (2, 3, 4)))
def test_straight_colours_times_alpha_are_the_colours(straight: NDArray[np.uint8]) -> None:
    alpha = straight[..., 3:].astype(int)
    product = np.concatenate([(straight[..., :3] * alpha + 127) // 255, alpha], axis=-1).astype(np.uint8)
    found = straighten_alpha(product)
    np.testing.assert_array_equal(found[..., 3], straight[..., 3])
    again = (found[..., :3] * alpha + 127) // 255
    np.testing.assert_allclose(again, product[..., :3], atol=1)


def test_mp4_has_no_alpha(tmp_path: Path) -> None:
    assert not has_alpha(VideoFormat.MP4)
    with pytest.raises(InvalidDataError, match="no alpha"):
        VideoWriter(tmp_path / "film.mp4", image_size=SIZE, fps=Fraction(25), has_alpha=True)


def test_a_format_without_an_encoder_is_refused_by_name(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(av, "codecs_available", {"libx264"})
    assert find_encoder(ENCODINGS[VideoFormat.MP4]) == "libx264"
    with pytest.raises(FormatError, match=r"webm.*libvpx-vp9"):
        find_encoder(ENCODINGS[VideoFormat.WEBM])
