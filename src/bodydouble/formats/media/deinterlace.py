"""Deinterlacing: decoded frames, some or all of them interlaced -> progressive frames, one for one."""

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from fractions import Fraction

import av
from av import VideoFrame
from av.filter import Graph

TimedFrame = tuple[Fraction | None, VideoFrame]
"""Presentation time in seconds, or None, and frame."""

_PARITY_OF_FIELD_ORDER = {2: "tff", 3: "bff", 4: "bff", 5: "tff"}
"""First field of a frame by the field order that a stream declares. Source: AVFieldOrder in libavcodec/defs.h."""
_MIN_SIDE = 8
"""Minimum number of columns and rows that are deinterlaced; the filter refuses very small images."""
_TICK = Fraction(1, 1000)


def deinterlace(
    frames: Iterable[TimedFrame], field_order: int, on_interlaced: Callable[[], None]
) -> Iterator[TimedFrame]:
    """Replaces interlaced frames by progressive ones, which show the instant of their first field.

    Frames before the first interlaced one are passed on as they are. After it, frames that are marked as progressive
    are kept. If the stream declares a field order and its first frame is not marked, all frames count as interlaced.

    Args:
        frames: Decoded frames in order of presentation.
        field_order: Field order that the stream declares, as in AVFieldOrder.
        on_interlaced: Called once, at the first interlaced frame.

    Yields:
        As many frames, with the same times.
    """
    parity, marked = "auto", True
    deinterlacer: _Deinterlacer | None = None
    for number, (time, frame) in enumerate(frames):
        if number == 0 and not frame.interlaced_frame and field_order in _PARITY_OF_FIELD_ORDER:
            parity, marked = _PARITY_OF_FIELD_ORDER[field_order], False
        is_interlaced = frame.interlaced_frame or not marked
        if deinterlacer is None and is_interlaced and min(frame.width, frame.height) >= _MIN_SIDE:
            on_interlaced()
            deinterlacer = _Deinterlacer(parity, marked)
        if deinterlacer is None:
            yield time, frame
        else:
            yield from deinterlacer.push(time, frame)
    if deinterlacer is not None:
        yield from deinterlacer.flush()


class _Deinterlacer:
    """Filter that returns each frame when it has the next one. Source: bwdif of libavfilter."""

    def __init__(self, parity: str, marked: bool) -> None:
        """Starts before the first frame.

        Args:
            parity: First field, "tff" or "bff", or "auto": as each frame is marked.
            marked: Whether only the frames that are marked as interlaced are deinterlaced.
        """
        self._options = {"mode": "send_frame", "parity": parity, "deint": "interlaced" if marked else "all"}
        self._graph: Graph | None = None
        self._layout: tuple[int, int, str] | None = None
        self._times: deque[Fraction | None] = deque()
        self._count = 0

    def push(self, time: Fraction | None, frame: VideoFrame) -> Iterator[TimedFrame]:
        """Takes the next frame and yields those that are ready."""
        layout = frame.width, frame.height, frame.format.name
        if self._layout != layout:
            yield from self.flush()
            self._graph, self._layout = self._create_graph(frame), layout
        self._times.append(time)
        # The filter needs ascending timestamps, which damaged files lack; the true times are kept beside it.
        frame.pts, frame.time_base, self._count = self._count, _TICK, self._count + 1
        yield from self._filter(frame)

    def flush(self) -> Iterator[TimedFrame]:
        """Yields the remaining frames."""
        if self._graph is not None:
            yield from self._filter(None)

    def _filter(self, frame: VideoFrame | None) -> Iterator[TimedFrame]:
        assert self._graph is not None
        self._graph.vpush(frame)
        while self._times:
            try:
                progressive = self._graph.vpull()
            except (av.error.BlockingIOError, av.error.EOFError):
                return
            yield self._times.popleft(), progressive

    def _create_graph(self, frame: VideoFrame) -> Graph:
        graph = Graph()
        source = graph.add_buffer(width=frame.width, height=frame.height, format=frame.format, time_base=_TICK)
        graph.link_nodes(source, graph.add("bwdif", **self._options), graph.add("buffersink")).configure()
        return graph
