"""Still images and folders of them: RGB or RGBA images -> PNG files."""

from contextlib import ExitStack
from pathlib import Path
from types import TracebackType
from typing import Self

from PIL import Image

from bodydouble.data import RgbaImage, RgbImage
from bodydouble.errors import OutputError
from bodydouble.formats.atomic import atomic_folder, atomic_write
from bodydouble.formats.media.alpha import straighten_alpha

_FAST_COMPRESSION = 3
"""Level of zlib, 0 to 9, for the frames of a film."""


def write_png(path: Path, image: RgbImage | RgbaImage) -> None:
    """Writes an image, (H, W, 3), or (H, W, 4) with colours that are multiplied by alpha, as a PNG file.

    Raises:
        OutputError: the file cannot be written.
    """
    with atomic_write(path) as temporary:
        _to_pillow(image).save(temporary, format="PNG")


class ImageFolderWriter:
    """Writer of frames as files 000000.png, 000001.png, ... of a folder, which appears when the block succeeds."""

    def __init__(self, folder: Path) -> None:
        """Prepares a folder: a new one, or an empty one."""
        self._folder = folder
        self._stack = ExitStack()
        self._count = 0

    def __enter__(self) -> Self:
        self._temporary = self._stack.enter_context(atomic_folder(self._folder))
        return self

    def __exit__(
        self, kind: type[BaseException] | None, failure: BaseException | None, trace: TracebackType | None
    ) -> None:
        if failure is None and self._count == 0:
            failure = OutputError(f"cannot write {self._folder}: a film needs at least one frame")
            self._stack.__exit__(type(failure), failure, None)
            raise failure
        self._stack.__exit__(kind, failure, trace)

    def write(self, image: RgbImage | RgbaImage) -> None:
        """Adds a frame; arguments and errors are those of ``write_png``."""
        path = self._temporary / f"{self._count:06d}.png"
        _to_pillow(image).save(path, format="PNG", compress_level=_FAST_COMPRESSION)
        self._count += 1


def _to_pillow(image: RgbImage | RgbaImage) -> Image.Image:
    return Image.fromarray(straighten_alpha(image) if image.shape[2] == 4 else image)
