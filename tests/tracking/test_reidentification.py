"""Segments of one person are linked, identity switches are corrected, and no observation is lost or duplicated."""

from dataclasses import replace

import numpy as np
import pytest

from bodydouble.data import APPEARANCE_PARTS, Observation
from bodydouble.tracking.association import track_frame_by_frame
from bodydouble.tracking.likelihoods import ReidentificationOptions, appearance_llr
from bodydouble.tracking.reidentification import link_tracklets
from bodydouble.tracking.tracklets import Tracklet
from tests.tracking.people import FPS, Path, associate, observation, straight_path

RED, BLUE, GREY = (np.tile(color, (APPEARANCE_PARTS, 1)) for color in ([50.0, 60, 40], [30.0, 20, -60], [50.0, 0, 0]))
UNKNOWN = np.full((APPEARANCE_PARTS, 3), np.nan)


def observe(path: Path, appearance: np.ndarray, frames: range, height: float = 200.0) -> Tracklet:
    """Observes a person in clothes of a colour, with noise."""
    rng = np.random.default_rng(frames.start)
    positions = [(f, position) for f in frames if (position := path(f)) is not None]
    observations = [
        replace(observation(position, height), appearance=appearance + rng.normal(0, 2, appearance.shape))
        for _, position in positions
    ]
    return Tracklet([f for f, _ in positions], observations)


def colors(person: Tracklet) -> np.ndarray:
    """(T,) mean of the second channel: 60 is red, 20 blue."""
    return np.array([one.appearance[:, 1].mean() for one in person.observations])


def has_one_color(person: Tracklet) -> bool:
    return bool(np.ptp(np.round(colors(person) / 20)) == 0)


def switched_crossing(appearance: np.ndarray, other_appearance: np.ndarray) -> list[Tracklet]:
    """Two people who cross in frame 45, with an identity switch there."""
    right, left = straight_path(100, 200, 8), straight_path(820, 210, -8)
    before = [observe(right, appearance, range(45)), observe(left, other_appearance, range(45))]
    after = [observe(left, other_appearance, range(45, 90)), observe(right, appearance, range(45, 90))]
    return [Tracklet(a.frames + b.frames, a.observations + b.observations) for a, b in zip(before, after, strict=True)]


def test_an_identity_switch_at_a_crossing_is_corrected_by_clothes() -> None:
    people = link_tracklets(switched_crossing(RED, BLUE), FPS)
    assert len(people) == 2
    for person in people:
        assert person.frames == list(range(90))
        assert has_one_color(person)


def test_people_in_the_same_clothes_keep_their_tracklets() -> None:
    right, left = straight_path(100, 200, 8), straight_path(820, 210, -8)
    people = link_tracklets([observe(right, GREY, range(90)), observe(left, GREY, range(90))], FPS)
    for person in people:
        steps = np.diff([one.box[0] for one in person.observations])
        assert np.all(np.sign(steps) == np.sign(steps[0]))


@pytest.mark.parametrize(("appearance", "count"), [(RED, 1), (BLUE, 2)])
def test_clothes_decide_about_a_return_at_another_position(appearance: np.ndarray, count: int) -> None:
    before = observe(straight_path(500, 200, 15), RED, range(30))
    after = observe(straight_path(200, 200, 2), appearance, range(130, 180))
    assert len(link_tracklets([before, after], FPS)) == count


def test_uniform_black_clothes_do_not_suffice_to_link_two_people() -> None:
    black = np.tile([2.0, 2, -5], (APPEARANCE_PARTS, 1))
    blond, bare_armed = black.copy(), black.copy()
    blond[0] = 30, 5, 10
    bare_armed[4] = 25, 6, 2
    path = straight_path(500, 200, 0)
    before = observe(path, blond, range(30))
    assert len(link_tracklets([before, observe(path, bare_armed, range(230, 260))], FPS)) == 2
    assert len(link_tracklets([before, observe(path, blond, range(230, 260))], FPS)) == 1


@pytest.mark.parametrize("count", [1, 2, 4])
def test_parts_of_one_color_count_as_the_root_of_their_number(count: int) -> None:
    appearance = np.full((APPEARANCE_PARTS, 3), np.nan)
    appearance[:count] = 50.0, 60, 40
    options = ReidentificationOptions()
    one_part, all_parts = (float(appearance_llr(a, a, options)) for a in (appearance[:1], appearance))
    assert all_parts == pytest.approx(one_part * np.sqrt(count))


def test_parts_of_different_colors_are_independent() -> None:
    appearance = np.column_stack(
        [
            np.linspace(0, 100, APPEARANCE_PARTS),
            np.linspace(-90, 90, APPEARANCE_PARTS),
            [0, 60] * (APPEARANCE_PARTS // 2),
        ]
    )
    options = ReidentificationOptions()
    one_part, all_parts = (float(appearance_llr(a, a, options)) for a in (appearance[:1], appearance))
    assert all_parts == pytest.approx(one_part * APPEARANCE_PARTS, rel=0.01)


def test_two_people_who_return_in_exchanged_positions_keep_their_clothes() -> None:
    left, right = straight_path(300, 200, 0), straight_path(700, 200, 0)
    before = [observe(left, RED, range(30)), observe(right, BLUE, range(30))]
    after = [observe(left, BLUE, range(90, 120)), observe(right, RED, range(90, 120))]
    for person in link_tracklets(before + after, FPS):
        assert len(person.frames) == 60
        assert has_one_color(person)


def test_two_people_in_one_frame_are_never_linked() -> None:
    people = [
        observe(straight_path(300, 200, 0), RED, range(60)), observe(straight_path(700, 200, 0), RED, range(40, 90))
    ]  # fmt: skip
    assert len(link_tracklets(people, FPS)) == 2


@pytest.mark.parametrize("appearances", [(RED, BLUE), (GREY, GREY), (UNKNOWN, UNKNOWN)])
def test_no_observation_is_lost_or_duplicated_and_frames_ascend(appearances: tuple[np.ndarray, np.ndarray]) -> None:
    tracklets = [*switched_crossing(*appearances), observe(straight_path(400, 500, 1), appearances[0], range(100, 130))]
    people = link_tracklets(tracklets, FPS)
    linked = sorted(id(one) for person in people for one in person.observations)
    assert linked == sorted(id(one) for tracklet in tracklets for one in tracklet.observations)
    for person in people:
        assert np.all(np.diff(person.frames) > 0)
        assert len(person.frames) == len(person.observations)


def test_a_shift_in_time_changes_only_the_frames() -> None:
    def shift(tracklet: Tracklet) -> Tracklet:
        return Tracklet([f + 1000 for f in tracklet.frames], tracklet.observations)

    tracklets = switched_crossing(RED, BLUE)
    people, shifted = link_tracklets(tracklets, FPS), link_tracklets([shift(t) for t in tracklets], FPS)
    assert [[f + 1000 for f in person.frames] for person in people] == [person.frames for person in shifted]


def test_a_flipped_clip_has_the_same_people() -> None:
    def flip(one: Observation) -> Observation:
        box, points = one.box.copy(), one.keypoints.copy()
        box[[0, 2]], points[:, 0] = 1000 - one.box[[2, 0]], 1000 - one.keypoints[:, 0]
        return replace(one, box=box, keypoints=points)

    tracklets = switched_crossing(RED, BLUE)
    people = link_tracklets(tracklets, FPS)
    flipped = link_tracklets([Tracklet(t.frames, [flip(one) for one in t.observations]) for t in tracklets], FPS)
    for person, flipped_person in zip(people, flipped, strict=True):
        np.testing.assert_allclose(colors(person), colors(flipped_person))


def test_an_occlusion_by_a_person_who_waits_keeps_both_identities() -> None:
    front, back = straight_path(500, 200, 0), straight_path(100, 205, 6)
    occluded = range(60, 75)
    clip = [
        tuple(
            replace(observation(position, pose_seed=i), appearance=(RED, BLUE)[i])
            for i, path in enumerate((front, back))
            if (position := path(f)) is not None and not (i == 1 and f in occluded)
        )
        for f in range(140)
    ]
    tracks = associate(clip)
    assert len(tracks) == 2
    assert sorted(int(track.observed.sum()) for track in tracks) == [140 - len(occluded), 140]


CUT = 60
"""First frame of the second shot."""
POSITIONS = ((300, 500), (700, 480))
Appearances = tuple[np.ndarray, ...]


def two_shots(
    appearances: Appearances, next_appearances: Appearances, first_frame: int = 0
) -> list[tuple[Observation, ...]]:
    """Two shots in which people stand at the same positions; the second camera is closer."""
    rng = np.random.default_rng(0)
    cut = first_frame + CUT

    def observe_frame(f: int) -> tuple[Observation, ...]:
        if f < first_frame:
            return ()
        height, people = (200, appearances) if f < cut else (300, next_appearances)
        return tuple(
            replace(
                observation(position, height, pose_seed=i),
                appearance=appearance + rng.normal(0, 2, appearance.shape),
            )
            for i, (position, appearance) in enumerate(zip(POSITIONS, people, strict=False))
        )

    return [observe_frame(f) for f in range(first_frame + 2 * CUT)]


def summarize(clip: list[tuple[Observation, ...]], cut: int = CUT) -> list[tuple[int, int, list[int]]]:
    """First frame, number of observed frames, and x in 100 px of either shot, of each track, in ascending order."""
    tracks = associate(clip, shot_starts=[cut])
    centers = [
        [int(np.nanmedian((t.boxes[rows, 0] + t.boxes[rows, 2]) / 2)) for rows in (t.frames < cut, t.frames >= cut)]
        for t in tracks
    ]
    pairs = zip(tracks, centers, strict=True)
    return sorted((int(t.frames[0]), int(t.observed.sum()), [round(x / 100) for x in xs]) for t, xs in pairs)


def test_across_a_cut_clothes_decide_and_not_positions() -> None:
    stayed = summarize(two_shots((RED, BLUE), (RED, BLUE)))
    exchanged = summarize(two_shots((RED, BLUE), (BLUE, RED)))
    assert [positions for *_, positions in stayed] == [[3, 3], [7, 7]]
    assert [positions for *_, positions in exchanged] == [[3, 7], [7, 3]]
    assert {count for _, count, _ in stayed + exchanged} == {2 * CUT}


def test_across_a_cut_the_color_of_the_head_is_ignored() -> None:
    from_behind = RED.copy()
    from_behind[0] = [90.0, 0.0, 60.0]
    assert len(summarize(two_shots((RED, BLUE), (from_behind, BLUE)))) == 2


def test_across_a_cut_different_clothes_are_different_people() -> None:
    assert len(associate(two_shots((RED,), (BLUE,)), shot_starts=[CUT])) == 2


def test_across_a_cut_people_in_the_same_clothes_continue() -> None:
    assert {count for _, count, _ in summarize(two_shots((UNKNOWN, UNKNOWN), (UNKNOWN, UNKNOWN)))} == {2 * CUT}


def test_a_person_who_is_absent_in_one_shot_is_linked_to_the_next() -> None:
    clip = [*two_shots((RED, BLUE), (RED,)), *two_shots((BLUE, RED), ())[:CUT]]
    tracks = associate(clip, shot_starts=[CUT, 2 * CUT])
    assert sorted((int(t.observed.sum()), len(t.frames)) for t in tracks) == [(2 * CUT, 3 * CUT), (3 * CUT, 3 * CUT)]


def test_a_later_cut_gives_the_same_links() -> None:
    appearances = (RED, BLUE), (BLUE, RED)
    later = summarize(two_shots(*appearances, first_frame=40), CUT + 40)
    assert later == [(first + 40, *rest) for first, *rest in summarize(two_shots(*appearances))]


def test_reversed_time_gives_the_same_links_across_a_cut() -> None:
    clip = two_shots((RED, BLUE), (BLUE, RED))
    assert summarize(clip[::-1]) == sorted((f, n, positions[::-1]) for f, n, positions in summarize(clip))


def test_no_observation_is_lost_across_a_cut() -> None:
    path = straight_path(300, 200, 2)
    before, after = observe(path, GREY, range(30)), observe(path, GREY, range(30, 60))
    (person,) = link_tracklets([before, after], FPS, shot_starts=[30])
    assert person.frames == list(range(60))
    assert [id(one) for one in person.observations] == [id(one) for one in before.observations + after.observations]


def test_a_person_alone_is_tracked_through_a_change_of_clothes() -> None:
    path = straight_path(100, 200, 5)
    observations = observe(path, RED, range(40)).observations + observe(path, BLUE, range(40, 80)).observations
    (track,) = associate([(one,) for one in observations])
    assert track.observed.all()


@pytest.mark.parametrize("fraction", [0.05, 0.25, 0.5, 0.75, 0.95])
@pytest.mark.parametrize("remaining", [RED, BLUE])
def test_if_one_of_two_close_people_remains_visible_clothes_decide_which(
    remaining: np.ndarray, fraction: float
) -> None:
    """Frame by frame, two people are so close that either could be the one who is observed between their positions."""
    red_x, blue_x = 480.0, 520.0
    red, blue = (
        observe(straight_path(x, 200, 0), color, range(45)).observations for x, color in ((red_x, RED), (blue_x, BLUE))
    )
    between = straight_path(red_x + fraction * (blue_x - red_x), 200, 0)
    after = observe(between, remaining, range(45, 90)).observations
    tracklets = track_frame_by_frame([*zip(red, blue, strict=True), *((one,) for one in after)], FPS)
    shorter, longer = sorted(tracklets, key=lambda tracklet: len(tracklet.frames))
    assert (shorter.frames, longer.frames) == (list(range(45)), list(range(90)))
    assert has_one_color(longer)
    assert longer.observations[0] is (red if remaining is RED else blue)[0]


def test_long_segments_decide_about_a_few_ambiguous_frames() -> None:
    """In the middle of a crossing, three frames of one tracklet show the other person."""
    tracklets = [
        observe(straight_path(100, 200, 8), RED, range(90)), observe(straight_path(820, 210, -8), BLUE, range(90))
    ]  # fmt: skip
    for frame in range(44, 47):
        tracklets[0].observations[frame] = replace(tracklets[0].observations[frame], appearance=BLUE)
    observations = tracklets[1].observations
    tracklets[1] = Tracklet([*range(44), *range(47, 90)], [*observations[:44], *observations[47:]])
    people = sorted(link_tracklets(tracklets, FPS), key=lambda person: -len(person.frames))[:2]
    for person in people:
        assert person.frames[0] == 0 and person.frames[-1] == 89
        clear = colors(person)[[frame not in range(44, 47) for frame in person.frames]]
        assert np.ptp(np.round(clear / 20)) == 0


def test_the_order_of_tracklets_does_not_matter() -> None:
    tracklets = [*switched_crossing(RED, BLUE), observe(straight_path(400, 500, 1), GREY, range(100, 130))]
    frames, frames_again = (
        {tuple(person.frames) for person in link_tracklets(ordered, FPS)} for ordered in (tracklets, tracklets[::-1])
    )
    assert frames == frames_again
