"""Where a camera goes while it turns, from the parallax of what it sees: structure from motion for a few seconds."""

from dataclasses import dataclass, replace

import numpy as np

from bodydouble.data import BoolArray, FloatArray, IntArray
from bodydouble.geometry import rotation
from bodydouble.motion.camera.bundle_adjustment import Bundle, Sightings, adjust, locate, residuals, triangulate
from bodydouble.motion.camera.rotation_only import TurnOptions, agreed_turn, votes
from bodydouble.motion.camera.two_view import two_views

FARTHEST = 1000.0
"""Places farther away, in steps from the first to the second view, are infinitely far away."""


@dataclass(frozen=True, slots=True)
class TravelOptions:
    """When a travel is believed. Lengths are in px of a picture of LONG_SIDE."""

    views: int = 20
    """Frames that are fitted together; the others follow from them."""
    corners: int = 100
    """The fit needs no more corners of a view than this: those that are in sight for longest."""
    parallax: float = 1.5
    """With less, the camera only turns."""
    common: tuple[float, ...] = (0.8, 0.6, 0.4)
    """Pairs of views that have at least one of these parts of their corners in common may begin the fit."""
    least_corners: int = 10
    """... and as many."""
    likely: float = 0.9
    """Beginnings that agree with this part of what the best one agrees with are followed up."""
    different: float = 0.03
    """Rad; beginnings in which the camera turns the same way but for this are one."""
    near: float = 2.0
    """A corner that is as close as this to where it should be agrees ..."""
    roughly: float = 5.0
    """... at the end; while the fit grows this is enough."""
    least_share: float = 0.5
    """A view in which a smaller part agrees is left out."""
    least_known: float = 0.5
    """A travel is not believed if a smaller part of the frames is known ..."""
    agreement: float = 0.75
    """... or if a smaller part of what they see agrees."""


@dataclass(frozen=True, slots=True)
class Travel:
    """Where a camera is in each of F frames, and P places that it sees. The scale is arbitrary."""

    turns: FloatArray
    """(F, 3, 3) camera_from_origin: the axes of the camera in some frame."""
    positions: FloatArray
    """(F, 3) in the axes of the origin."""
    share: FloatArray
    """(F,) part of the corners that agree; 0 where turn and position are not known."""
    places: FloatArray
    """(P, 3) in the axes of the origin; NaN where not known or too far away."""


def travelled(
    seen: Sightings, frame_count: int, unit: float, turn: TurnOptions, options: TravelOptions
) -> Travel | None:
    """Corners seen by a camera -> where it went, or nothing if that cannot be said.

    Args:
        seen: in F frames (views), ascending.
        frame_count: F.
        unit: rad that one px covers.
        turn: how rotations are found.
        options: when to believe.
    """
    frames = np.unique(np.linspace(0, frame_count - 1, options.views).round().astype(int))
    chosen = _longest(seen.of(np.isin(seen.views, frames)), options.corners)
    fit = _Fit(chosen, frames, frame_count, int(seen.places.max(initial=-1)) + 1, unit, turn, options)
    pair = fit.widest()
    if pair is None:
        return None
    grown = [fit.grown(bundle, pair) for bundle in fit.begun(pair)]
    bundle, solved = max(grown, key=lambda one: fit.agreement(*one))
    return fit.everywhere(bundle, solved, seen)


def turning_share(seen: Sightings, turns: FloatArray, unit: float, near: float) -> float:
    """The part of all sightings that is where it should be if the camera only turned.

    Args:
        seen: in F frames (views).
        turns: (F, 3, 3) camera_from_first.
        unit: rad that one px covers.
        near: px.
    """
    rays = np.einsum("nji,nj->ni", turns[seen.views], _unit(seen.rays))
    total = np.stack([np.bincount(seen.places, column) for column in rays.T], axis=-1).astype(np.float64)
    places = Bundle(turns, np.zeros((len(turns), 3)), rotation.normalize(total), np.zeros(len(total)))
    return float(np.mean(np.linalg.norm(residuals(places, seen, unit)[1], axis=-1) < near))


def _longest(seen: Sightings, corners: int) -> Sightings:
    """The places that are among those of some view that are seen most often."""
    order = np.lexsort((-np.bincount(seen.places, minlength=1)[seen.places], seen.views))
    views = seen.views[order]
    rank = np.arange(len(order)) - np.searchsorted(views, views)
    return seen.of(np.isin(seen.places, seen.places[order[rank < corners]]))


@dataclass(frozen=True, slots=True)
class _Fit:
    """Grows a bundle from two views to all that can be reached."""

    seen: Sightings
    frames: IntArray
    """The views."""
    frame_count: int
    place_count: int
    unit: float
    turn: TurnOptions
    options: TravelOptions

    def widest(self) -> tuple[int, int] | None:
        """The two frames that say most about the travel: much parallax, many corners."""
        sight = np.zeros((len(self.frames), self.place_count))
        sight[np.searchsorted(self.frames, self.seen.views), self.seen.places] = 1
        common = sight @ sight.T
        least = np.minimum.outer(np.diag(common), np.diag(common))
        best, pair = 0.0, None
        for one in range(len(self.frames)):
            enough = [
                common[one] >= np.maximum(self.options.least_corners, part * least[one]) for part in self.options.common
            ]
            for other in {int(np.flatnonzero(fits)[-1]) for fits in enough if fits[one + 1 :].any()}:
                views = int(self.frames[one]), int(self.frames[other])
                parallax = self._parallax(*views)
                score = parallax * float(np.sqrt(common[one, other]))
                if parallax > self.options.parallax and score > best:
                    best, pair = score, views
        return pair

    def _parallax(self, one: int, other: int) -> float:
        """px by which a good part of the corners is elsewhere than a rotation would take it."""
        first, second = self._rays_of(one, other)
        turned, _ = self._turned(first, second, np.eye(3))
        return float(np.quantile(np.linalg.norm(second @ turned.T - first, axis=-1), 0.7)) / self.unit

    def _turned(self, before: FloatArray, now: FloatArray, guess: FloatArray) -> tuple[FloatArray, BoolArray]:
        return agreed_turn(before, now, votes(now, self.turn.cell * self.unit), guess, self.unit, self.turn)

    def _rays_of(self, one: int, other: int) -> tuple[FloatArray, FloatArray]:
        """Unit rays (N, 3) to what two views have in common."""
        first, second = self.seen.of(self.seen.views == one), self.seen.of(self.seen.views == other)
        _, i, j = np.intersect1d(first.places, second.places, return_indices=True)
        return _unit(first.rays[i]), _unit(second.rays[j])

    def begun(self, pair: tuple[int, int]) -> list[Bundle]:
        """What two frames see, in the ways that agree with what the frames between them see."""
        one, other = pair
        solved = np.isin(np.arange(self.frame_count), pair)
        used = self._used(solved)
        found = []
        for candidate in two_views(*self._rays_of(one, other), self.unit):
            bundle = self._nothing()
            bundle.turns[other], bundle.positions[other] = candidate.second_from_first, candidate.position
            bundle = adjust(triangulate(bundle, used), used, np.array([other]), self.unit, 10)
            bundle, new = self._extended(bundle, solved)
            tried = _known(self.seen.of((solved | new)[self.seen.views]), used)
            bundle = adjust(bundle, tried, np.setdiff1d(np.flatnonzero(solved | new), [one]), self.unit, 10)
            found.append((_agreement(bundle, tried, self.unit), bundle))
        found.sort(key=lambda one: -one[0])
        return self._different(
            [bundle for agrees, bundle in found if agrees >= self.options.likely * found[0][0]], other
        )

    def _nothing(self) -> Bundle:
        turns, ahead = np.tile(np.eye(3), (self.frame_count, 1, 1)), np.tile([0.0, 0.0, 1.0], (self.place_count, 1))
        return Bundle(turns, np.zeros((self.frame_count, 3)), ahead, np.zeros(self.place_count))

    def _different(self, bundles: list[Bundle], view: int) -> list[Bundle]:
        """Those in which a view does not look the same way as in one before."""
        kept: list[Bundle] = []
        for bundle in bundles:
            turn = rotation.from_matrix(bundle.turns[view])
            known = [rotation.from_matrix(one.turns[view]) for one in kept]
            if all(rotation.angle_between(turn, one) > self.options.different for one in known):
                kept.append(bundle)
        return kept

    def grown(self, bundle: Bundle, pair: tuple[int, int]) -> tuple[Bundle, BoolArray]:
        """All views that can be reached from a pair, and which (F,) these are."""
        solved = np.isin(np.arange(self.frame_count), pair)
        while True:
            bundle, new = self._extended(bundle, solved)
            solved = solved | new
            used, free = self._used(solved), np.setdiff1d(np.flatnonzero(solved), pair[:1])
            if not new.any():
                return adjust(bundle, used, free, self.unit, 25), solved
            bundle = adjust(triangulate(bundle, used), used, free, self.unit, 8)

    def agreement(self, bundle: Bundle, solved: BoolArray) -> float:
        """How much of what is seen is where it should be."""
        return _agreement(bundle, self._used(solved), self.unit)

    def _used(self, solved: BoolArray) -> Sightings:
        """What the solved views see of places that at least two of them see."""
        seen = self.seen.of(solved[self.seen.views])
        return seen.of(np.bincount(seen.places)[seen.places] > 1)

    def _extended(self, bundle: Bundle, solved: BoolArray) -> tuple[Bundle, BoolArray]:
        """Further views, of which most is known, and which (F,) these are."""
        seen = _known(self.seen.of(~solved[self.seen.views]), self._used(solved))
        count = np.bincount(seen.views, minlength=self.frame_count)
        total = np.bincount(self.seen.views, minlength=self.frame_count)
        part = np.where(count >= self.options.least_corners, count / np.maximum(total, 1), 0.0)
        ready = (part > 0) & (part >= min(self.options.least_share, part.max(initial=0.0)))
        seen = seen.of(ready[seen.views])
        bundle = locate(self._guessed(bundle, seen, solved), seen, self.unit, 15)
        return bundle, ready & (_shares(bundle, seen, self.unit, self.options.roughly) > self.options.least_share)

    def _guessed(self, bundle: Bundle, seen: Sightings, solved: BoolArray) -> Bundle:
        """Views where the nearest solved one is, turned to see what is known."""
        turns, positions = bundle.turns.copy(), bundle.positions.copy()
        known = np.flatnonzero(solved)
        for view in np.unique(seen.views):
            near = known[np.argmin(np.abs(known - view))]
            own = seen.of(seen.views == view)
            way = bundle.directions[own.places] - bundle.closeness[own.places, None] * bundle.positions[near]
            found, _ = self._turned(rotation.normalize(way), _unit(own.rays), bundle.turns[near].T)
            turns[view], positions[view] = found.T, bundle.positions[near]
        return replace(bundle, turns=turns, positions=positions)

    def everywhere(self, bundle: Bundle, solved: BoolArray, seen: Sightings) -> Travel | None:
        """The pose of every frame that sees enough, if most do and most of what they see agrees."""
        used, frames, known = self._used(solved), np.arange(self.frame_count), np.flatnonzero(solved)
        nearest = known[np.argmin(np.abs(frames[:, None] - known), axis=1)]
        bundle = replace(bundle, turns=bundle.turns[nearest], positions=bundle.positions[nearest])
        seen = _known(seen, used)
        bundle = locate(bundle, seen, self.unit, 20)
        share = _shares(bundle, seen, self.unit, self.options.near)
        enough = np.bincount(seen.views, minlength=self.frame_count) >= self.options.least_corners
        good = enough & (share > self.options.least_share)
        if good.mean() < self.options.least_known or share[good].mean() < self.options.agreement:
            return None
        near = np.isin(np.arange(len(bundle.closeness)), used.places) & (bundle.closeness * FARTHEST > 1)
        distance = np.where(near, 1 / np.maximum(bundle.closeness, 1 / FARTHEST), np.nan)
        places = bundle.directions * distance[:, None]
        return Travel(bundle.turns, bundle.positions, np.where(good, share, 0.0), places)


def _unit(rays: FloatArray) -> FloatArray:
    return rotation.normalize(np.concatenate([rays, np.ones((len(rays), 1))], axis=-1))


def _known(seen: Sightings, used: Sightings) -> Sightings:
    """Sightings of places that are used."""
    return seen.of(np.isin(seen.places, used.places))


def _agreement(bundle: Bundle, seen: Sightings, unit: float) -> float:
    return float(np.sum(1 / (1 + np.sum(residuals(bundle, seen, unit)[1] ** 2, axis=-1))))


def _shares(bundle: Bundle, seen: Sightings, unit: float, near: float) -> FloatArray:
    """(F,) part of what a view sees that is where it should be."""
    views = len(bundle.turns)
    fits = np.linalg.norm(residuals(bundle, seen, unit)[1], axis=-1) < near
    count = np.bincount(seen.views, minlength=views)
    return np.asarray(np.bincount(seen.views, fits, views) / np.maximum(count, 1))
