"""Reports of performances whose video was captured before, such as corrected ones."""

from pathlib import Path

from bodydouble.data import Performance
from bodydouble.evaluation.report import page
from bodydouble.evaluation.report.frame_samples import FrameSamples
from bodydouble.evaluation.report.images import SpanImages
from bodydouble.formats.media import FrameReader
from bodydouble.pipeline.capturing import PERCEPTION_MAX_SIDE


def sample_frames(video: Path | None) -> FrameSamples:
    """Samples the frames of a video; without one there are no samples.

    Raises:
        MediaError: the video cannot be read.
    """
    samples = FrameSamples()
    if video is not None:
        with FrameReader(video, max_side=PERCEPTION_MAX_SIDE) as reader:
            for index, frame in enumerate(reader):
                samples.add_frame(index, frame)
    return samples


def write_report(performance: Performance, video: Path, path: Path, title: str) -> None:
    """Writes the report of a performance, with images from its video.

    Args:
        performance: any.
        video: its video, or a smaller copy of it with the same frames.
        path: .html file to write.
        title: title of the clip.

    Raises:
        MediaError: the video cannot be read.
        OutputError: the report cannot be written.
    """
    images = SpanImages(performance)
    images.add_samples(sample_frames(video))
    page.write_report(path, performance, images, title=title)
