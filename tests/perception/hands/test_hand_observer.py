"""Which hands the observer accepts, with networks whose answers are known."""

from dataclasses import dataclass, field

import numpy as np
import pytest

from bodydouble.data import FloatArray, Observation, RgbImage
from bodydouble.perception.hands import hand_observer
from bodydouble.perception.hands.hand_observer import HandObserver
from bodydouble.perception.hands.networks import HandLandmarks, Palm
from bodydouble.perception.protocols import RotatedRoi
from bodydouble.skeletons import blazepose

FRAME = np.zeros((480, 640, 3), np.uint8)
WRISTS = {"left": np.array([400.0, 240.0]), "right": np.array([240.0, 240.0])}


def person(size: float = 1.0, **wrists: FloatArray) -> Observation:
    """A person whose hands are 72 px long at size 1."""
    rng = np.random.default_rng(0)
    space = rng.normal(scale=0.3, size=(33, 3))
    keypoints = np.column_stack([320 + 400 * size * space[:, 0], 240 + 400 * size * space[:, 1], np.ones(33)])
    for side, wrist in (WRISTS | wrists).items():
        keypoints[blazepose.INDEX[f"{side}_wrist"], :2] = wrist
        for name, offset in (("index", (10, -40)), ("pinky", (-10, -40)), ("thumb", (20, -20))):
            keypoints[blazepose.INDEX[f"{side}_{name}"], :2] = wrist + np.array(offset)
    space[:, :2] = (keypoints[:, :2] - [320.0, 240.0]) / (400 * size)
    return Observation(np.array([0.0, 0.0, 640.0, 480.0]), keypoints, space, 1.0)


@dataclass
class FakeNetworks:
    """Sees one hand, left or right, with its wrist at a point, in every region that contains it."""

    hands: list[tuple[FloatArray, float]]
    """Wrist (2,) px, and probability that it is a left hand."""
    presence: float = 0.95
    palms: list[FloatArray] = field(default_factory=list)
    calls: int = 0

    def refine_roi(self, _: RgbImage, roi: RotatedRoi) -> RotatedRoi:
        return roi

    def locate_landmarks(self, _: RgbImage, roi: RotatedRoi) -> HandLandmarks:
        self.calls += 1
        wrist, left = min(self.hands, key=lambda hand: float(np.hypot(*(hand[0] - roi.center))))
        points = wrist + np.column_stack([np.linspace(0, 15, 21), np.linspace(0, -60, 21)])
        return HandLandmarks(points, np.zeros((21, 3)), self.presence, left)

    def detect_palms(self, *_: object) -> list[Palm]:
        return [Palm(wrist, RotatedRoi(wrist, 100.0, 0.0), 0.9) for wrist in self.palms]


def observe(monkeypatch: pytest.MonkeyPatch, networks: FakeNetworks, seen: Observation) -> Observation:
    monkeypatch.setattr(hand_observer, "HandNetworks", lambda: networks)
    return HandObserver().add_detail(FRAME, seen)


def test_each_hand_is_found_at_its_wrist(monkeypatch: pytest.MonkeyPatch) -> None:
    networks = FakeNetworks([(WRISTS["left"], 0.99), (WRISTS["right"], 0.01)])
    left, right = observe(monkeypatch, networks, person()).hands
    assert left is not None and right is not None
    np.testing.assert_allclose(left.keypoints[0, :2], WRISTS["left"])
    np.testing.assert_allclose(right.keypoints[0, :2], WRISTS["right"])
    assert networks.calls == 2


def test_the_hand_of_the_other_side_is_not_taken(monkeypatch: pytest.MonkeyPatch) -> None:
    networks = FakeNetworks([(WRISTS["left"], 0.02), (WRISTS["right"], 0.01)])
    left, right = observe(monkeypatch, networks, person()).hands
    assert left is None
    assert right is not None


def test_one_hand_is_never_both(monkeypatch: pytest.MonkeyPatch) -> None:
    wrist = np.array([300.0, 240.0])
    seen = person(left=wrist + np.array([12.0, 0.0]), right=wrist - np.array([2.0, 0.0]))
    left, right = observe(monkeypatch, FakeNetworks([(wrist, 0.5)]), seen).hands
    assert left is None
    assert right is not None


def test_a_hand_that_lies_on_the_other_one_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    # The landmarks of both lie on one line, 20 px apart; so do the wrists of the body.
    hidden, shown = np.array([300.0, 240.0]), np.array([305.0, 220.0])
    networks = FakeNetworks([(hidden, 0.6), (shown, 0.05)])
    left, right = observe(monkeypatch, networks, person(left=hidden, right=shown)).hands
    assert left is None
    assert right is not None


def test_hands_beside_each_other_are_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    wrists = np.array([300.0, 240.0]), np.array([280.0, 240.0])
    networks = FakeNetworks([(wrists[0], 0.95), (wrists[1], 0.05)])
    assert None not in observe(monkeypatch, networks, person(left=wrists[0], right=wrists[1])).hands


def test_small_hands_and_hands_outside_the_frame_are_not_looked_for(monkeypatch: pytest.MonkeyPatch) -> None:
    for seen in (person(size=0.2), person(left=np.array([700.0, 240.0]), right=np.array([-20.0, 240.0]))):
        networks = FakeNetworks([(WRISTS["left"], 0.5)])
        assert observe(monkeypatch, networks, seen).hands == (None, None)
        assert networks.calls == 0


def test_landmarks_outside_the_frame_have_no_confidence(monkeypatch: pytest.MonkeyPatch) -> None:
    wrist = np.array([400.0, 40.0])
    left, _ = observe(monkeypatch, FakeNetworks([(wrist, 0.99)]), person(left=wrist)).hands
    assert left is not None
    outside = left.keypoints[:, 1] < 0
    assert outside.any()
    np.testing.assert_array_equal(left.keypoints[:, 2] > 0, ~outside)


def test_an_image_without_hands_has_none(monkeypatch: pytest.MonkeyPatch) -> None:
    networks = FakeNetworks([(WRISTS["left"], 0.5)], presence=0.1)
    assert observe(monkeypatch, networks, person()).hands == (None, None)


def test_a_hand_is_searched_for_longer_where_the_wrist_is_sure(monkeypatch: pytest.MonkeyPatch) -> None:
    calls = []
    for confidence in (1.0, 0.6):
        seen = person()
        for side in WRISTS:
            seen.keypoints[blazepose.INDEX[f"{side}_wrist"], 2] = confidence
        networks = FakeNetworks([(WRISTS["left"], 0.5)], presence=0.1, palms=[WRISTS["left"]])
        assert observe(monkeypatch, networks, seen).hands == (None, None)
        calls.append(networks.calls)
    assert calls == [12, 4]
