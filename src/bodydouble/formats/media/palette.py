"""Palettes: RGB or RGBA frames -> frames with a palette of 256 colours each, as GIF needs."""

from fractions import Fraction

from av import VideoFormat, VideoFrame
from av.filter import Graph

_GENERATE = "stats_mode=single"
_USE = "new=1:dither=bayer:bayer_scale=4:alpha_threshold=128"
"""Ordered dithering: the same colour has the same pattern in every frame, so that nothing flickers."""


class PaletteFilter:
    """Filter that gives each frame a palette of its own. Alpha becomes transparent or opaque."""

    def __init__(self, image_size: tuple[int, int], pixel_format: VideoFormat, fps: Fraction) -> None:
        self._graph = Graph()
        self._source = self._graph.add_buffer(
            width=image_size[0], height=image_size[1], format=pixel_format, time_base=1 / fps
        )
        split = self._graph.add("split")
        generate, use = self._graph.add("palettegen", _GENERATE), self._graph.add("paletteuse", _USE)
        self._sink = self._graph.add("buffersink")
        self._source.link_to(split)
        split.link_to(use)
        split.link_to(generate, 1)
        generate.link_to(use, 0, 1)
        use.link_to(self._sink)
        self._graph.configure()

    def __call__(self, frame: VideoFrame) -> VideoFrame:
        """Converts a frame, which has a time."""
        self._source.push(frame)
        converted = self._sink.pull()
        assert isinstance(converted, VideoFrame)
        return converted
