"""Pieces that one person left are joined; what following mixed up is put right; nothing is lost or told twice."""

from dataclasses import replace
from fractions import Fraction

import numpy as np
import pytest

from bodydouble.data import APPEARANCE_PARTS, Observation
from bodydouble.tracking.association import AssociationOptions, build_tracks
from bodydouble.tracking.likelihoods import ReidentificationOptions, appearance_llr
from bodydouble.tracking.reidentification import link_tracklets
from bodydouble.tracking.tracklets import Tracklet
from tests.tracking.people import Path, observation, straight_path

FPS = 30.0
RED, BLUE, GREY = (np.tile(color, (APPEARANCE_PARTS, 1)) for color in ([50.0, 60, 40], [30.0, 20, -60], [50.0, 0, 0]))
UNKNOWN = np.full((APPEARANCE_PARTS, 3), np.nan)


def seen(path: Path, look: np.ndarray, frames: range, height: float = 200.0) -> Tracklet:
    """Somebody in clothes of a colour, noise included."""
    rng = np.random.default_rng(frames.start)
    there = [(f, place) for f in frames if (place := path(f)) is not None]
    people = [replace(observation(place, height), appearance=look + rng.normal(0, 2, look.shape)) for _, place in there]
    return Tracklet([f for f, _ in there], people)


def colors(person: Tracklet) -> np.ndarray:
    """(T,) mean of the second channel: 60 is red, 20 blue."""
    return np.array([one.appearance[:, 1].mean() for one in person.observations])


def crossing(look: np.ndarray, other: np.ndarray) -> list[Tracklet]:
    """Two who cross in frame 45 and were mixed up there."""
    right, left = straight_path(100, 200, 8), straight_path(820, 210, -8)
    first = [seen(right, look, range(45)), seen(left, other, range(45))]
    second = [seen(left, other, range(45, 90)), seen(right, look, range(45, 90))]
    return [Tracklet(a.frames + b.frames, a.observations + b.observations) for a, b in zip(first, second, strict=True)]


def test_who_was_mixed_up_in_a_crossing_gets_the_own_clothes_back() -> None:
    people = link_tracklets(crossing(RED, BLUE), FPS)
    assert len(people) == 2
    for person in people:
        assert person.frames == list(range(90))
        assert np.ptp(np.round(colors(person) / 20)) == 0


def test_people_dressed_alike_stay_as_they_were_followed() -> None:
    right, left = straight_path(100, 200, 8), straight_path(820, 210, -8)
    people = link_tracklets([seen(right, GREY, range(90)), seen(left, GREY, range(90))], FPS)
    for person in people:
        steps = np.diff([one.box[0] for one in person.observations])
        assert np.all(np.sign(steps) == np.sign(steps[0]))


@pytest.mark.parametrize(("look", "expected"), [(RED, 1), (BLUE, 2)])
def test_who_comes_back_elsewhere_after_seconds_is_known_by_the_clothes(look: np.ndarray, expected: int) -> None:
    before, after = (
        seen(straight_path(500, 200, 15), RED, range(30)),
        seen(straight_path(200, 200, 2), look, range(130, 180)),
    )
    assert len(link_tracklets([before, after], FPS)) == expected


def test_people_in_black_who_come_one_after_the_other_are_two() -> None:
    black = np.tile([2.0, 2, -5], (APPEARANCE_PARTS, 1))
    blond, bare_armed = black.copy(), black.copy()
    blond[0] = 30, 5, 10
    bare_armed[4] = 25, 6, 2
    before, after = (
        seen(straight_path(500, 200, 0), look, frames)
        for look, frames in ((blond, range(30)), (bare_armed, range(230, 260)))
    )
    assert len(link_tracklets([before, after], FPS)) == 2
    assert len(link_tracklets([before, seen(straight_path(500, 200, 0), blond, range(230, 260))], FPS)) == 1


@pytest.mark.parametrize("count", [1, 2, 4])
def test_parts_of_one_colour_say_as_much_as_the_root_of_their_number(count: int) -> None:
    look = np.full((APPEARANCE_PARTS, 3), np.nan)
    look[:count] = 50.0, 60, 40
    alone, together = (float(appearance_llr(own, own, ReidentificationOptions())) for own in (look[:1], look))
    assert together == pytest.approx(alone * np.sqrt(count))


def test_parts_of_different_colours_speak_for_themselves() -> None:
    look = np.column_stack(
        [
            np.linspace(0, 100, APPEARANCE_PARTS),
            np.linspace(-90, 90, APPEARANCE_PARTS),
            [0, 60] * (APPEARANCE_PARTS // 2),
        ]
    )
    alone, together = (float(appearance_llr(own, own, ReidentificationOptions())) for own in (look[:1], look))
    assert together == pytest.approx(alone * APPEARANCE_PARTS, rel=0.01)


def test_two_who_come_back_are_not_exchanged() -> None:
    before = [seen(straight_path(300, 200, 0), RED, range(30)), seen(straight_path(700, 200, 0), BLUE, range(30))]
    after = [
        seen(straight_path(300, 200, 0), BLUE, range(90, 120)),
        seen(straight_path(700, 200, 0), RED, range(90, 120)),
    ]
    for person in link_tracklets(before + after, FPS):
        assert len(person.frames) == 60
        assert np.ptp(np.round(colors(person) / 20)) == 0


def test_two_in_one_frame_are_two_however_alike() -> None:
    people = [seen(straight_path(300, 200, 0), RED, range(60)), seen(straight_path(700, 200, 0), RED, range(40, 90))]
    assert len(link_tracklets(people, FPS)) == 2


@pytest.mark.parametrize("looks", [(RED, BLUE), (GREY, GREY), (UNKNOWN, UNKNOWN)])
def test_nothing_is_lost_or_told_twice_and_time_goes_on(looks: tuple[np.ndarray, np.ndarray]) -> None:
    tracks = [*crossing(*looks), seen(straight_path(400, 500, 1), looks[0], range(100, 130))]
    people = link_tracklets(tracks, FPS)
    told = sorted(id(one) for person in people for one in person.observations)
    assert told == sorted(id(one) for track in tracks for one in track.observations)
    for person in people:
        assert np.all(np.diff(person.frames) > 0)
        assert len(person.frames) == len(person.observations)


def test_later_is_the_same() -> None:
    def later(track: Tracklet) -> Tracklet:
        return Tracklet([f + 1000 for f in track.frames], track.observations)

    tracks = crossing(RED, BLUE)
    people, shifted = link_tracklets(tracks, FPS), link_tracklets([later(track) for track in tracks], FPS)
    assert [[f + 1000 for f in person.frames] for person in people] == [person.frames for person in shifted]


def test_the_mirrored_clip_has_the_same_people() -> None:
    def mirrored(one: Observation) -> Observation:
        box, points = one.box.copy(), one.keypoints.copy()
        box[[0, 2]], points[:, 0] = 1000 - one.box[[2, 0]], 1000 - one.keypoints[:, 0]
        return replace(one, box=box, keypoints=points)

    tracks = crossing(RED, BLUE)
    people = link_tracklets(tracks, FPS)
    flipped = link_tracklets(
        [Tracklet(track.frames, [mirrored(one) for one in track.observations]) for track in tracks], FPS
    )
    for one, other in zip(people, flipped, strict=True):
        np.testing.assert_allclose(colors(one), colors(other))


def test_a_whole_clip_of_crossing_people_in_their_clothes() -> None:
    """Through association: one is hidden for two seconds behind the other, who waits."""
    front, back = straight_path(500, 200, 0), straight_path(100, 205, 6)
    hidden = range(60, 75)
    clip = [
        tuple(
            replace(observation(place, pose_seed=i), appearance=(RED, BLUE)[i])
            for i, path in enumerate((front, back))
            if (place := path(f)) is not None and not (i == 1 and f in hidden)
        )
        for f in range(140)
    ]
    tracks = build_tracks(clip, Fraction(30))
    assert len(tracks) == 2
    assert sorted(int(track.observed.sum()) for track in tracks) == [140 - len(hidden), 140]


CUT = 60
"""The first frame of the second shot."""
PLACES = ((300, 500), (700, 480))


def two_shots(
    looks: tuple[np.ndarray, ...], other_looks: tuple[np.ndarray, ...], start: int = 0
) -> list[tuple[Observation, ...]]:
    """People who stand where people stood, whoever they are, in two shots; the second camera is closer."""
    rng = np.random.default_rng(0)
    return [
        tuple(
            replace(
                observation(place, 200 if f < start + CUT else 300, pose_seed=i),
                appearance=look + rng.normal(0, 2, look.shape),
            )
            for i, (place, look) in enumerate(zip(PLACES, looks if f < start + CUT else other_looks, strict=False))
        )
        if f >= start
        else ()
        for f in range(start + 2 * CUT)
    ]


def told_people(clip: list[tuple[Observation, ...]], cut: int = CUT) -> list[tuple[int, int, list[int]]]:
    """First frame, frames observed, and in each half the place, of each track, the one with the first place first."""
    tracks = build_tracks(clip, Fraction(30), shot_starts=[cut])
    middles = [
        [int(np.nanmedian((t.boxes[own, 0] + t.boxes[own, 2]) / 2)) for own in (t.frames < cut, t.frames >= cut)]
        for t in tracks
    ]
    found = zip(tracks, middles, strict=True)
    return sorted((int(t.frames[0]), int(t.observed.sum()), [round(m / 100) for m in middle]) for t, middle in found)


def test_over_a_cut_clothes_decide_and_not_places() -> None:
    stayed, changed = told_people(two_shots((RED, BLUE), (RED, BLUE))), told_people(two_shots((RED, BLUE), (BLUE, RED)))
    assert [places for *_, places in stayed] == [[3, 3], [7, 7]]
    assert [places for *_, places in changed] == [[3, 7], [7, 3]]
    assert {count for _, count, _ in stayed + changed} == {2 * CUT}


def test_a_head_seen_from_behind_is_no_other_person() -> None:
    from_behind = RED.copy()
    from_behind[0] = [90.0, 0.0, 60.0]
    assert len(told_people(two_shots((RED, BLUE), (from_behind, BLUE)))) == 2


def test_somebody_else_after_a_cut_is_somebody_else() -> None:
    clip = two_shots((RED,), (BLUE,))
    assert len(build_tracks(clip, Fraction(30), shot_starts=[CUT])) == 2


def test_those_dressed_alike_on_both_sides_of_a_cut_go_on() -> None:
    assert {count for _, count, _ in told_people(two_shots((UNKNOWN, UNKNOWN), (UNKNOWN, UNKNOWN)))} == {2 * CUT}


def test_who_is_absent_in_one_shot_comes_back_in_the_next() -> None:
    clip = [*two_shots((RED, BLUE), (RED,)), *two_shots((BLUE, RED), ())[:CUT]]
    tracks = build_tracks(clip, Fraction(30), shot_starts=[CUT, 2 * CUT])
    assert sorted((int(t.observed.sum()), len(t.frames)) for t in tracks) == [(2 * CUT, 3 * CUT), (3 * CUT, 3 * CUT)]


def test_a_later_cut_tells_the_same() -> None:
    looks = (RED, BLUE), (BLUE, RED)
    later = told_people(two_shots(*looks, start=40), CUT + 40)
    assert later == [(first + 40, *rest) for first, *rest in told_people(two_shots(*looks))]


def test_reversed_time_joins_the_same_over_a_cut() -> None:
    clip = two_shots((RED, BLUE), (BLUE, RED))
    assert told_people(clip[::-1]) == sorted((f, n, places[::-1]) for f, n, places in told_people(clip))


def test_nobody_is_followed_over_a_cut_and_nothing_is_lost() -> None:
    before, after = (
        seen(straight_path(300, 200, 2), GREY, range(30)),
        seen(straight_path(300, 200, 2), GREY, range(30, 60)),
    )
    (person,) = link_tracklets([before, after], FPS, shot_starts=[30])
    assert person.frames == list(range(60))
    assert [id(one) for one in person.observations] == [id(one) for one in before.observations + after.observations]


def test_somebody_alone_is_followed_whatever_they_look_like() -> None:
    person = (
        seen(straight_path(100, 200, 5), RED, range(40)).observations
        + seen(straight_path(100, 200, 5), BLUE, range(40, 80)).observations
    )
    (track,) = build_tracks([(one,) for one in person], Fraction(30))
    assert track.observed.all()


def test_of_two_close_together_clothes_tell_who_is_still_seen() -> None:
    """From frame 45 on only the one in blue is seen, where the one in red was; what was followed is not put right."""
    red, blue = (
        seen(straight_path(480, 200, 0), RED, range(90)).observations,
        seen(straight_path(520, 200, 0), BLUE, range(45)).observations,
    )
    moved = seen(straight_path(482, 200, 0), BLUE, range(45, 90)).observations
    observations = [(red[f], blue[f]) if f < 45 else (moved[f - 45],) for f in range(90)]
    tracks = build_tracks(
        observations, Fraction(30), AssociationOptions(reidentification=ReidentificationOptions(continuity_score=100.0))
    )
    assert sorted((int(t.frames[0]), int(t.observed.sum())) for t in tracks) == [(0, 45), (0, 90)]
    whole = max(tracks, key=lambda t: int(t.observed.sum()))
    np.testing.assert_allclose(whole.keypoints[:45], [one.keypoints for one in blue])


def test_what_is_known_for_long_decides_about_a_few_frames() -> None:
    """In the middle of a crossing somebody's track shows, for three frames, the other one."""
    tracks = [seen(straight_path(100, 200, 8), RED, range(90)), seen(straight_path(820, 210, -8), BLUE, range(90))]
    for frame in range(44, 47):
        tracks[0].observations[frame] = replace(tracks[0].observations[frame], appearance=BLUE)
    tracks[1] = Tracklet([*range(44), *range(47, 90)], [*tracks[1].observations[:44], *tracks[1].observations[47:]])
    people = sorted(link_tracklets(tracks, FPS), key=lambda person: -len(person.frames))[:2]
    for person in people:
        assert person.frames[0] == 0 and person.frames[-1] == 89
        clear = colors(person)[[frame not in range(44, 47) for frame in person.frames]]
        assert np.ptp(np.round(clear / 20)) == 0


def test_the_order_of_tracks_does_not_matter() -> None:
    tracks = [*crossing(RED, BLUE), seen(straight_path(400, 500, 1), GREY, range(100, 130))]
    told, again = ({tuple(person.frames) for person in link_tracklets(own, FPS)} for own in (tracks, tracks[::-1]))
    assert told == again
