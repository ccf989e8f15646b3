"""Videos and pictures in, videos out."""

from bodydouble.formats.media.read import FrameReader, probe
from bodydouble.formats.media.write import VideoWriter

__all__ = ["FrameReader", "VideoWriter", "probe"]
