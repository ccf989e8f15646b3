"""Laws of tracks of people of whom it is known who they are."""

from fractions import Fraction

import numpy as np

from bodydouble.tracking.association import build_tracks
from bodydouble.tracking.known import UNKNOWN_ID, build_tracks_from_ids
from tests.tracking.people import observe_paths, straight_path
from tests.tracking.test_association import same

FPS = Fraction(30)


def test_without_ids_it_is_association() -> None:
    seen = observe_paths(40, straight_path(100, 200, 5), straight_path(700, 210, -5))
    assert same(build_tracks_from_ids(seen, [[UNKNOWN_ID] * len(one) for one in seen], FPS), build_tracks(seen, FPS))


def test_ids_are_believed_whatever_the_picture_says() -> None:
    seen = observe_paths(40, straight_path(100, 200, 0), straight_path(700, 210, 0))
    ids = [[5, 3] if frame < 20 else [3, 5] for frame in range(40)]
    third, fifth = build_tracks_from_ids(seen, ids, FPS)
    np.testing.assert_array_equal(
        third.keypoints, [(one[1] if f < 20 else one[0]).keypoints for f, one in enumerate(seen)]
    )
    np.testing.assert_array_equal(
        fifth.keypoints, [(one[0] if f < 20 else one[1]).keypoints for f, one in enumerate(seen)]
    )


def test_frames_without_somebody_are_not_observed() -> None:
    seen = observe_paths(90, straight_path(100, 200, 1, frames=range(10, 80)))
    hidden = [one if not 20 <= frame < 70 else () for frame, one in enumerate(seen)]
    (track,) = build_tracks_from_ids(hidden, [[1] * len(one) for one in hidden], FPS)
    np.testing.assert_array_equal(track.frames, np.arange(10, 80))
    np.testing.assert_array_equal(np.flatnonzero(~track.observed) + 10, np.arange(20, 70))


def test_who_is_seen_for_a_moment_only_is_left_out() -> None:
    seen = observe_paths(90, straight_path(100, 200, 0), straight_path(700, 200, 0, frames=range(5)))
    (track,) = build_tracks_from_ids(seen, [list(range(1, 1 + len(one))) for one in seen], FPS)
    assert len(track.frames) == 90


def test_strangers_are_followed_beside_those_who_are_known() -> None:
    seen = observe_paths(40, straight_path(100, 200, 2), straight_path(700, 210, -2))
    known, stranger = build_tracks_from_ids(seen, [[4, UNKNOWN_ID]] * 40, FPS)
    np.testing.assert_array_equal(known.keypoints, [one.keypoints for one, _ in seen])
    np.testing.assert_array_equal(stranger.keypoints, [one.keypoints for _, one in seen])
