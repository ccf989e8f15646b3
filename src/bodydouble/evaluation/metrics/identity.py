"""Whether everybody in a clip is found, once, and under one name.

Two people are alike in a frame by the intersection over union of the boxes around all of their landmarks, hidden ones
included, as far as these boxes lie in the picture. (``evaluation.comparison`` judges by the visible keypoints instead,
which says more of where the limbs are and less of who is who.)
"""

from dataclasses import dataclass

import numpy as np

from bodydouble.data import BoolArray, FloatArray, IntArray, Performance
from bodydouble.evaluation.metrics import people
from bodydouble.evaluation.metrics.counts import Counts
from bodydouble.evaluation.metrics.keypoints_2d import box_overlap
from bodydouble.evaluation.metrics.people import HotaCounts
from bodydouble.geometry.similarity import box_area


@dataclass(frozen=True, slots=True)
class Sightings:
    """Who is seen in each of F frames: N true people, M found ones."""

    similarity: FloatArray
    """(F, N, M) 0 to 1; 0 where either is not seen."""
    true_present: BoolArray
    """(F, N) true people who are visible."""
    found_present: BoolArray
    """(F, M) found people who were observed, without those that show a hidden person."""
    pairs: IntArray
    """(F, N) the found person that shows each true one, at most one each; -1 where none does."""


@dataclass(frozen=True, slots=True)
class IdentityFigures:
    """Counts of one clip; those of several clips are added before a ratio is taken."""

    person_frames: Counts
    """Visible person-frames that were found, found ones that show nobody, visible ones that were missed."""
    identities: Counts
    """Person-frames with the right identity, invented and missed ones; their ``f1`` is IDF1."""
    hota: HotaCounts
    switches: int
    """How often a true person is found under another name than the last time."""

    def __add__(self, other: "IdentityFigures") -> "IdentityFigures":
        return IdentityFigures(
            self.person_frames + other.person_frames,
            self.identities + other.identities,
            self.hota + other.hota,
            self.switches + other.switches,
        )

    @property
    def visible(self) -> int:
        """Person-frames in which a true person is visible."""
        return self.person_frames.true_positive + self.person_frames.false_negative

    @property
    def coverage(self) -> float:
        """Share of the visible person-frames that were found, 0 to 1: the recall of CLEAR MOT."""
        return self.person_frames.recall

    @property
    def ghosts(self) -> float:
        """Share of the found person-frames that show nobody, or somebody who was found already, 0 to 1."""
        return 1.0 - self.person_frames.precision

    @property
    def switches_per_2000(self) -> float:
        """Identity switches in 2,000 visible person-frames."""
        return 2000.0 * self.switches / self.visible if self.visible else float("nan")


def identity_figures(seen: Sightings) -> IdentityFigures:
    """Coverage, ghosts, IDF1, HOTA and identity switches of a clip.

    Source: K. Bernardin and R. Stiefelhagen, "Evaluating multiple object tracking performance: the CLEAR MOT metrics",
    2008 (coverage is recall, ghosts are 1 - precision, switches); E. Ristani et al., "Performance measures and a data
    set for multi-target, multi-camera tracking", 2016 (IDF1); J. Luiten et al., "HOTA: a higher order metric for
    evaluating multi-object tracking", 2020.
    """
    present, found = seen.true_present, seen.found_present
    matched = int(np.count_nonzero(seen.pairs >= 0))
    return IdentityFigures(
        person_frames=Counts(matched, int(found.sum()) - matched, int(present.sum()) - matched),
        identities=people.identity_counts(seen.similarity, present, found),
        hota=people.hota_counts(seen.similarity, present, found),
        switches=people.identity_switches(seen.similarity),
    )


def sightings(found: Performance, truth: Performance) -> Sightings:
    """Who shows whom, frame by frame.

    Args:
        found: M people; frames that are not observed do not count as found.
        truth: N people, ``observed`` where they are visible and their keypoints (also the hidden ones) in every frame.
            A found person whose box lies by half or more in that of a hidden one, and who is like no visible one, is
            neither right nor wrong, as COCO has it for regions that are to be ignored.
    """
    frames = max(found.frame_count, truth.frame_count)
    true_boxes, visible = _boxes(truth, frames, hidden=True)
    found_boxes, present = _boxes(found, frames, hidden=False)
    overlap = box_overlap(found_boxes[:, None], true_boxes[:, :, None])
    similarity = np.where(visible[:, :, None], overlap, 0.0)
    pairs = people.frame_pairs(similarity)
    taken = (pairs[..., None] == np.arange(overlap.shape[2])).any(axis=1)
    inside = _share_inside(found_boxes[:, None], true_boxes[:, :, None], overlap)
    shows_hidden = (np.where(visible[:, :, None], 0.0, inside) >= people.SAME_PERSON).any(axis=1)
    like_visible = (similarity >= people.SAME_PERSON).any(axis=1)
    present = present & (taken | like_visible | ~shows_hidden)
    return Sightings(np.where(present[:, None], similarity, 0.0), visible, present, pairs)


def _share_inside(boxes: FloatArray, others: FloatArray, overlap: FloatArray) -> FloatArray:
    """Share (...) of boxes (..., 4) that lies in others (..., 4), from their intersection over union (...)."""
    common = overlap / (1 + overlap) * (box_area(boxes) + box_area(others))
    return np.asarray(np.nan_to_num(common / np.maximum(box_area(boxes), 1e-12)))


def _boxes(performance: Performance, frames: int, *, hidden: bool) -> tuple[FloatArray, BoolArray]:
    """(frames, P, 4) px around all landmarks within the picture, and (frames, P) who is observed.

    Boxes are NaN where there is no person or, unless hidden ones are asked for, none is observed.
    """
    count, size = len(performance.people), np.tile(performance.camera.image_size, 2)
    boxes, observed = np.full((frames, count, 4), np.nan), np.zeros((frames, count), dtype=bool)
    for n, person in enumerate(performance.people):
        track = person.track
        observed[track.frames, n] = track.observed
        rows = np.ones(len(track.frames), dtype=bool) if hidden else track.observed
        points = track.keypoints[rows, :, :2]
        around = np.concatenate([points.min(axis=1), points.max(axis=1)], axis=-1)
        boxes[track.frames[rows], n] = np.clip(around, 0.0, size)
    return boxes, observed
