"""Laws of who is who: cutting and joining people loses nothing, and seams are fitted again."""

from dataclasses import replace

import numpy as np
import pytest

from bodydouble.data import Performance, Track
from bodydouble.data.corrections import Correction, Delete, Merge, Rename, Split, Swap
from bodydouble.errors import InvalidDataError
from bodydouble.geometry import kinematics
from bodydouble.motion.corrections.apply import apply_corrections
from tests import builders
from tests.motion.corrections.takes import (
    FRAMES,
    assert_same_person,
    fit,
    fitted_take,
    joints,
    movement,
    true_take,
)

CUT = 45
A, B = "person1", "person2"


@pytest.fixture(scope="module")
def take() -> Performance:
    """A take with hands and faces."""
    people = tuple(
        replace(person, hands=builders.hands(FRAMES, seed=n), face=builders.face(FRAMES, seed=n))
        for n, person in enumerate(true_take().people)
    )
    return replace(true_take(), people=people)


def names(take: Performance) -> list[str]:
    return [person.name for person in take.people]


@pytest.mark.parametrize(
    "corrections",
    [
        [],
        [Swap(A, B, CUT), Swap(A, B, CUT)],
        [Swap(A, B, CUT), Swap(B, A, CUT)],
        [Split(A, CUT, "late"), Merge(A, "late")],
        [Split(A, CUT, "late"), Split("late", CUT + 9, "later"), Merge(A, "late"), Merge(A, "later")],
        [Rename(A, "Anna"), Rename("Anna", A)],
        [Swap(A, B, CUT), Split(A, CUT, "b"), Split(B, CUT, "a"), Merge(A, "a"), Merge(B, "b")],
    ],
)
def test_identity_comes_back(take: Performance, corrections: list[Correction]) -> None:
    corrected = apply_corrections(take, corrections)
    assert names(corrected) == names(take)
    for actual, expected in zip(corrected.people, take.people, strict=True):
        assert_same_person(actual, expected)
        assert actual is expected or actual.hands is expected.hands


def test_renamed_person_is_the_same(take: Performance) -> None:
    corrected = apply_corrections(take, [Rename(A, "Anna")])
    assert names(corrected) == ["Anna", B]
    assert_same_person(corrected.people[0], take.people[0])


def test_deleted_person_is_gone(take: Performance) -> None:
    corrected = apply_corrections(take, [Delete(A)])
    assert names(corrected) == [B]
    assert corrected.people[0] is take.people[1]


def test_split_cuts_everything(take: Performance) -> None:
    early, other, late = apply_corrections(take, [Split(A, CUT, "late")]).people
    assert (early.name, other.name, late.name) == (A, B, "late")
    assert (early.track.frames[-1], late.track.frames[0]) == (CUT - 1, CUT)
    whole = take.people[0]
    assert whole.hands is not None
    assert late.hands is not None
    assert early.face is not None
    assert whole.face is not None
    np.testing.assert_array_equal(late.hands.rotations, whole.hands.rotations[CUT:])
    np.testing.assert_array_equal(early.face.weights, whole.face.weights[:CUT])
    np.testing.assert_array_equal(late.motion.rotations, whole.motion.rotations[CUT:])


def test_swap_exchanges_tracks_hands_and_faces_from_the_frame_on(take: Performance) -> None:
    first, second = apply_corrections(take, [Swap(A, B, CUT)]).people
    for person, early, late in ((first, *take.people), (second, *reversed(take.people))):
        np.testing.assert_array_equal(person.track.keypoints[:CUT], early.track.keypoints[:CUT])
        np.testing.assert_array_equal(person.track.keypoints[CUT:], late.track.keypoints[CUT:])
        assert person.hands is not None
        assert late.hands is not None
        assert person.face is not None
        assert early.face is not None
        np.testing.assert_allclose(np.abs(person.hands.rotations[CUT:]), np.abs(late.hands.rotations[CUT:]), atol=1e-12)
        np.testing.assert_array_equal(person.face.weights[:CUT], early.face.weights[:CUT])


def test_swap_repairs_people_who_were_exchanged() -> None:
    """Tracks that change places are fitted by motions that rush from one person to the other."""
    good = fitted_take()
    tracks = [person.track for person in good.people]
    exchanged = fit([exchange_after(*tracks), exchange_after(*reversed(tracks))])
    corrected = apply_corrections(exchanged, [Swap(A, B, CUT)])
    for index in range(2):
        wrong = np.linalg.norm(joints(exchanged, index) - joints(good, index), axis=-1).mean(axis=1)
        left = np.linalg.norm(joints(corrected, index) - joints(good, index), axis=-1).mean(axis=1)
        around = slice(CUT - 8, CUT + 8)
        assert wrong[around].mean() > 0.3
        assert left[around].mean() < 0.03
        assert left.max() < 0.06


def test_merge_joins_parts_and_fills_the_gap() -> None:
    good = fitted_take()
    gap = slice(CUT - 3, CUT + 3)
    corrections: list[Correction] = [
        Split(A, gap.start, "gap"),
        Split("gap", gap.stop, "late"),
        Delete("gap"),
        Merge(A, "late"),
    ]
    corrected = apply_corrections(good, corrections)
    assert names(corrected) == [A, B]
    person = corrected.people[0]
    assert len(person.track.frames) == FRAMES
    assert not person.track.observed[gap].any()
    assert person.track.observed[: gap.start].all()
    moved = movement(good, corrected)
    assert moved[gap].max() < 0.15
    far = np.r_[0 : gap.start - 38, gap.stop + 38 : FRAMES]
    assert len(far)
    assert moved[far].max() == 0


def test_merge_of_overlapping_people_keeps_the_first_where_it_is_observed() -> None:
    good = fitted_take()
    whole = good.people[0]
    duplicate = replace(whole, name="duplicate")
    corrected = apply_corrections(replace(good, people=(*good.people, duplicate)), [Merge(A, "duplicate")])
    assert names(corrected) == [A, B]
    assert_same_person(corrected.people[0], whole)


def test_people_of_different_size_keep_their_skeletons() -> None:
    take = true_take()
    second = take.people[1]
    skeleton = replace(second.motion.skeleton, rest_offsets=1.1 * second.motion.skeleton.rest_offsets)
    taller = replace(
        second, motion=replace(second.motion, skeleton=skeleton, root_position=1.1 * second.motion.root_position)
    )
    corrected = apply_corrections(replace(take, people=(take.people[0], taller)), [Swap(A, B, CUT)])
    for corrected_person, person in zip(corrected.people, (take.people[0], taller), strict=True):
        np.testing.assert_array_equal(
            corrected_person.motion.skeleton.rest_offsets, person.motion.skeleton.rest_offsets
        )
    assert movement(replace(take, people=(take.people[0], taller)), corrected)[:5].max() == 0
    assert all(np.isfinite(kinematics.joint_positions(person.motion)).all() for person in corrected.people)


@pytest.mark.parametrize(
    ("corrections", "message"),
    [
        ([Rename("nobody", "x")], "correction 1: there is no person 'nobody'; there are person1, person2"),
        ([Rename(A, B)], "correction 1: there is a person 'person2' already"),
        ([Rename(A, "Anna"), Delete(A)], "correction 2: there is no person 'person1'; there are Anna, person2"),
        ([Delete(A), Delete(B)], "correction 2: person2 is the only person"),
        ([Split(A, 500, "x")], "correction 1: frame 500 is outside the clip, whose last frame is 89"),
        ([Split(A, 0, "x")], "correction 1: nothing observed would be left of person1"),
        ([Split(A, 9, B)], "correction 1: there is a person 'person2' already"),
        ([Merge(A, "x")], "correction 1: there is no person 'x'"),
    ],
)
def test_impossible_corrections_are_refused(take: Performance, corrections: list[Correction], message: str) -> None:
    with pytest.raises(InvalidDataError, match=message):
        apply_corrections(take, corrections)


def exchange_after(first: Track, second: Track) -> Track:
    """The first track that follows the other person from CUT on."""
    parts = {
        name: np.concatenate([getattr(first, name)[:CUT], getattr(second, name)[CUT:]])
        for name in ("observed", "boxes", "keypoints", "landmarks_3d")
    }
    return replace(first, **parts)
