"""Videos and pictures in, videos out."""

from bodydouble.formats.media_pixels import Picture
from bodydouble.formats.media_read import FrameReader, probe
from bodydouble.formats.media_write import VideoWriter

__all__ = ["FrameReader", "Picture", "VideoWriter", "probe"]
