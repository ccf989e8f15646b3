"""Reader and writer of videos.

- ``probe``: path of a video, folder of images or image -> ``Clip`` (size, rate, number of frames, focal length).
- ``FrameReader``: the same path -> upright RGB frames (H, W, 3) at an exact constant rate, streamed.
- ``VideoWriter``: RGB frames -> H.264 video in MP4, with the audio of another video.

Read ``read.py`` first, then ``source.py`` (decoding) and ``timestamps.py`` (resampling to a constant rate).
"""

from bodydouble.formats.media.read import FrameReader, probe
from bodydouble.formats.media.write import VideoWriter

__all__ = ["FrameReader", "VideoWriter", "probe"]
