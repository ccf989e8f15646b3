"""Faces through the whole capture of a real clip."""

import numpy as np
import pytest

from bodydouble.errors import InvalidDataError
from bodydouble.pipeline.capturing import capture, prepare_capture
from bodydouble.skeletons.arkit import INDEX
from tests.shared_data import SHARED

CLIP = SHARED / "data/videos/book.mkv"
BLINK = 22
"""Frame in which the woman's eyes are closed, seen by eye."""


def test_an_unknown_mode_is_an_error() -> None:
    with pytest.raises(InvalidDataError, match="unknown face 'on'; choose one of auto, off"):
        prepare_capture(CLIP, {"face": "on"})


@pytest.mark.slow
@pytest.mark.skipif(not CLIP.is_file(), reason="needs the shared clips")
def test_the_face_of_a_signing_woman_is_captured_with_her_blink() -> None:
    face = capture(CLIP, people="main").people[0].face
    assert face is not None
    assert face.observed.mean() > 0.95
    blinks = face.weights[:, [INDEX["eyeBlinkLeft"], INDEX["eyeBlinkRight"]]].min(axis=1)
    assert abs(int(np.argmax(blinks)) - BLINK) <= 1 and blinks.max() >= 0.8
    assert np.sum(blinks > 0.5) < 8
    assert capture(CLIP, people="main", face="off").people[0].face is None
