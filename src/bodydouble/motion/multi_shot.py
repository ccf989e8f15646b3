"""A clip of several shots: each is reconstructed on its own, as another camera, and all are put into one world.

Every shot knows gravity and the floor. What is open is how it is turned about the vertical and shifted over the floor:
as people who are in two shots stand and face at the end of one and at the beginning of the other. Points of the floor
are complex numbers z + i x here, so that a turn about +Y is a product.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from itertools import pairwise

import numpy as np

from bodydouble.data import Background, Camera, FloatArray, IntArray, Motion, Skeleton, Track
from bodydouble.geometry import camera, rotation
from bodydouble.motion.body import proportions
from bodydouble.motion.lifting import lifter
from bodydouble.motion.lifting.lift import UNSEEN_SPEED
from bodydouble.motion.reconstruct import Known, reconstruct
from bodydouble.motion.resampling.motion import interpolated, rows

WINDOW = 0.3
"""s on either side of a cut that tell how somebody moves across it; they are foretold no further."""
PLACE_SIGMA = 0.1
"""m, of somebody's place right after a cut ..."""
PLACE_DRIFT = 0.8
"""... and more, m, for each second out of sight."""
HEADING_SIGMA = 0.15
"""rad, of where somebody faces right after a cut ..."""
HEADING_DRIFT = 1.5
"""... and more, rad, for each second out of sight."""


DEPTH_SIGMA, ACROSS_SIGMA = 0.4, 0.1
"""m, of somebody's place along the line of sight and across it."""


@dataclass(frozen=True, slots=True)
class _Shot:
    """Part of a clip."""

    start: int
    stop: int
    people: tuple[int, ...]
    """Those who are seen in it."""
    tracks: tuple[Track, ...]
    """Theirs, from the first to the last frame in which they are observed; the shot begins with frame 0."""
    background: Background | None


@dataclass(frozen=True, slots=True)
class _Take:
    """A shot, reconstructed in a world of its own."""

    shot: _Shot
    camera: Camera
    motions: tuple[Motion, ...]


@dataclass(frozen=True, slots=True)
class _World:
    """How the world of a shot lies in that of the clip."""

    turn: complex = 1.0
    """Of length 1."""
    shift: complex = 0.0
    """m."""

    def placed(self, point: complex) -> complex:
        """A point of the shot, in the clip."""
        return self.turn * point + self.shift

    @property
    def clip_from_shot(self) -> FloatArray:
        """(4, 4)."""
        matrix = np.eye(4)
        matrix[:3, :3] = rotation.to_matrix(rotation.from_rotvec(np.array([0.0, np.angle(self.turn), 0.0])))
        matrix[[2, 0], 3] = self.shift.real, self.shift.imag
        return matrix


@dataclass(frozen=True, slots=True)
class _Link:
    """Somebody who is seen in two shots, halfway between, as each of them foretells it."""

    shots: tuple[int, int]
    places: tuple[complex, complex]
    """m."""
    sides: tuple[complex, complex]
    """To where the left is; shorter than 1 where that is not level."""
    gap: float
    """s out of sight."""

    @property
    def weights(self) -> tuple[float, float]:
        """Of places and of headings."""
        place, heading = PLACE_SIGMA + PLACE_DRIFT * self.gap, HEADING_SIGMA + HEADING_DRIFT * self.gap
        return place**-2, heading**-2


def reconstruct_shots(
    tracks: Sequence[Track],
    size: tuple[int, int],
    frame_count: int,
    fps: Fraction,
    cuts: Sequence[int] = (),
    known: Known | None = None,
    background: Background | None = None,
    moving: bool | None = None,
) -> tuple[Camera, tuple[Motion, ...]]:
    """2D tracks of a clip of one shot or several -> camera and motions, in one world.

    Args:
        tracks: at least one, the first gives the world's origin.
        size: width and height of the clip, px.
        frame_count: F frames of the clip.
        fps: exact rate.
        cuts: the first frame of every shot but the first, ascending.
        known: focal length and height.
        background: what says how the camera moves; without it, it stands still.
        moving: whether it does; None: as the background says.

    Returns:
        The camera, with one pose per frame, and a motion for each track, in the same order. Who is not seen in a shot
        goes straight from where the shot before leaves them to where the next one finds them. The camera stays where
        it is in a shot in which nobody is.
    """
    known = known or Known()
    if not cuts:
        return reconstruct(tracks, size, frame_count, fps, known=known, background=background, moving=moving)
    shots = [_shot(tracks, background, start, stop) for start, stop in pairwise([0, *cuts, frame_count])]
    shots = [shot for shot in shots if shot.people]

    def taken(shot: _Shot, focal: float | None) -> _Take:
        own = replace(known, focal=focal, height=known.height if shot.people[0] == 0 else None)
        length, behind = shot.stop - shot.start, shot.background
        return _Take(shot, *reconstruct(shot.tracks, size, length, fps, known=own, background=behind, moving=moving))

    # All cameras have one lens: that of the shot which tells most about it.
    fullest = max(shots, key=lambda shot: sum(int(track.observed.sum()) for track in shot.tracks))
    first = taken(fullest, known.focal)
    focal = float(first.camera.intrinsics[0, 0])
    takes = [first if shot is fullest else taken(shot, focal) for shot in shots]
    takes = _with_one_body_each(takes, known.height)
    worlds = [world.clip_from_shot for world in _worlds(takes, float(fps))]
    motions = tuple(_whole(track, n, takes, worlds, float(fps)) for n, track in enumerate(tracks))
    return _camera(takes, worlds, frame_count), motions


def _shot(tracks: Sequence[Track], background: Background | None, start: int, stop: int) -> _Shot:
    parts = {n: part for n, track in enumerate(tracks) if (part := _seen_between(track, start, stop))}
    behind = _background_between(background, start, stop) if background else None
    return _Shot(start, stop, tuple(parts), tuple(parts.values()), behind)


def _seen_between(track: Track, start: int, stop: int) -> Track | None:
    seen = np.flatnonzero(track.observed & (track.frames >= start) & (track.frames < stop))
    if not len(seen):
        return None
    own = slice(int(seen[0]), int(seen[-1]) + 1)
    return Track(
        track.frames[own] - start,
        track.observed[own],
        track.boxes[own],
        track.keypoints[own],
        track.landmarks_3d[own],
    )


def _background_between(background: Background, start: int, stop: int) -> Background:
    """What is seen from the first keyframe on; in the middle of a dissolve a shot begins without one."""
    keyframes = background.keyframes[(background.keyframes >= start) & (background.keyframes < stop)]
    own = slice(*np.searchsorted(background.frames, (keyframes[0] if len(keyframes) else stop, stop)))
    return Background(
        stop - start,
        keyframes - start,
        background.frames[own] - start,
        background.corner_ids[own],
        background.points[own],
    )


def _with_one_body_each(takes: Sequence[_Take], height: float | None) -> list[_Take]:
    """The takes with the same skeleton of a person in all of them."""
    bodies = _bodies(takes)
    if height is not None:
        bodies[0] = proportions.resized(bodies[0], height / proportions.stature(bodies[0]))
    return [
        replace(
            take,
            motions=tuple(
                _embodied(motion, bodies[person]) for person, motion in zip(take.shot.people, take.motions, strict=True)
            ),
        )
        for take in takes
    ]


def _bodies(takes: Sequence[_Take]) -> dict[int, Skeleton]:
    """The skeleton of each person: as in the shot in which they are longest observed, as large as usual in all."""
    found: dict[int, list[tuple[int, Skeleton]]] = {}
    for take in takes:
        for person, track, motion in zip(take.shot.people, take.shot.tracks, take.motions, strict=True):
            found.setdefault(person, []).append((int(track.observed.sum()), motion.skeleton))
    return {person: _body(*zip(*shown, strict=True)) for person, shown in found.items()}


def _body(counts: Sequence[int], skeletons: Sequence[Skeleton]) -> Skeleton:
    longest = skeletons[int(np.argmax(counts))]
    sizes = [proportions.stature(skeleton) / proportions.stature(longest) for skeleton in skeletons]
    return proportions.resized(longest, float(np.exp(np.average(np.log(sizes), weights=counts))))


def _embodied(motion: Motion, body: Skeleton) -> Motion:
    """The motion of another body, as much larger or smaller, about where on the floor it mostly is, as its legs."""
    scale = body.rest_offsets[0, 1] / motion.skeleton.rest_offsets[0, 1]
    about = np.median(motion.root_position, axis=0) * [1.0, 0.0, 1.0]
    return replace(
        motion,
        skeleton=body,
        root_position=about + scale * (motion.root_position - about),
        joint_sigma=scale * motion.joint_sigma,
    )


def _worlds(takes: Sequence[_Take], fps: float) -> list[_World]:
    """Where each shot lies; the clip's world is that of the first shot in which the first person is.

    The shot that is tied most closely to those already placed is placed next. One that nothing ties to them stays in
    its own world.
    """
    links = _links(takes, fps)
    worlds = {next(i for i, take in enumerate(takes) if 0 in take.shot.people): _World()}
    while left := [i for i in range(len(takes)) if i not in worlds]:
        ties = {i: [link for link in links if i in link.shots and set(link.shots) & worlds.keys()] for i in left}
        tied = max(left, key=lambda i: sum(link.weights[0] for link in ties[i]))
        worlds[tied] = _fitted(tied, ties[tied], worlds) if ties[tied] else _World()
    return [worlds[i] for i in range(len(takes))]


def _links(takes: Sequence[_Take], fps: float) -> list[_Link]:
    """Between each shot that somebody is seen in and the next one."""
    parts: dict[int, list[tuple[int, int, int, Motion]]] = {}
    for i, take in enumerate(takes):
        for person, track, motion in zip(take.shot.people, take.shot.tracks, take.motions, strict=True):
            start = take.shot.start + int(track.frames[0])
            parts.setdefault(person, []).append((i, start, start + len(track.frames), motion))
    found = []
    for own in parts.values():
        for (i, _, stop, before), (j, start, _, after) in pairwise(own):
            elapsed = (start - stop + 1) / fps
            (place, side), (next_place, next_side) = _end(before, elapsed, fps), _end(_reversed(after), elapsed, fps)
            found.append(_Link((i, j), (place, next_place), (side, next_side), elapsed))
    return found


def _reversed(motion: Motion) -> Motion:
    return rows(motion, slice(None, None, -1))


def _end(motion: Motion, elapsed: float, fps: float) -> tuple[complex, complex]:
    """Place and left side of somebody when half the time elapsed, s, has gone by since the end of a motion."""
    last = rows(motion, slice(-round(WINDOW * fps) - 1, None))
    ahead = min(elapsed / 2, WINDOW) * fps
    side = rotation.rotate(last.rotations[:, 0], np.array([1.0, 0.0, 0.0]))
    return _foretold(last.root_position, ahead), _foretold(side, ahead)


def _foretold(points: FloatArray, ahead: float) -> complex:
    """Where the line through points (N, 3) of consecutive frames is so many frames after the last of them."""
    values = points[:, 2] + 1j * points[:, 0]
    times = np.arange(len(values)) - (len(values) - 1) / 2
    slope = (times * values).sum() / max((times**2).sum(), 1.0)
    return complex(values.mean() + slope * (times[-1] + ahead))


def _fitted(shot: int, links: Sequence[_Link], worlds: Mapping[int, _World]) -> _World:
    """Where a shot lies, so that people are where the shots they are tied to foretell them.

    Least squares of places, and of headings by the cosine of how far they are off: then the best turn is that of a sum.
    """
    own = [link.shots.index(shot) for link in links]
    others = [worlds[link.shots[1 - i]] for link, i in zip(links, own, strict=True)]
    near, far = (np.array([link.weights[k] for link in links]) for k in (0, 1))
    here, side = (
        np.array([ends[i] for ends, i in zip(both, own, strict=True)])
        for both in zip(*((link.places, link.sides) for link in links), strict=True)
    )
    there = np.array([world.placed(link.places[1 - i]) for world, link, i in zip(others, links, own, strict=True)])
    goal = np.array([world.turn * link.sides[1 - i] for world, link, i in zip(others, links, own, strict=True)])
    middle, target = np.average(here, weights=near), np.average(there, weights=near)
    total = (near * (there - target) * np.conj(here - middle)).sum() + (far * goal * np.conj(side)).sum()
    turn = complex(np.exp(1j * np.angle(total)))
    return _World(turn, complex(target - turn * middle))


def _whole(track: Track, person: int, takes: Sequence[_Take], worlds: Sequence[FloatArray], fps: float) -> Motion:
    """The motion of somebody over all shots."""
    frames, parts, eyes = [], [], []
    for take, world in zip(takes, worlds, strict=True):
        if person in take.shot.people:
            own = take.shot.people.index(person)
            frames.append(take.shot.start + take.shot.tracks[own].frames - track.frames[0])
            parts.append(_moved(take.motions[own], world))
            eyes.append(camera.transform(world, camera.inverse(take.camera.camera_from_world)[:, :3, 3]).mean(axis=0))
    elapsed = [(int(after[0]) - int(before[-1])) / fps for before, after in pairwise(frames)]
    parts = _reconciled(parts, eyes, elapsed, fps)
    shown = replace(
        parts[0],
        rotations=rotation.continuous(np.concatenate([part.rotations for part in parts])),
        root_position=np.concatenate([part.root_position for part in parts]),
        contacts=np.concatenate([part.contacts for part in parts]),
        joint_sigma=np.concatenate([part.joint_sigma for part in parts]),
    )
    return _bridged(shown, np.concatenate(frames), len(track.frames), fps)


def _reconciled(
    parts: Sequence[Motion], eyes: Sequence[FloatArray], elapsed: Sequence[float], fps: float
) -> list[Motion]:
    """The parts of somebody's motion, shifted over the floor so that they go on at a cut where they were.

    Each part is shifted as a whole, so that feet that rest go on resting, and rather along the line of sight, for
    what is uncertain is how far away somebody is.

    Args:
        parts: one per shot.
        eyes: (3,) m, where the camera is in each shot.
        elapsed: s from each part to the next one; who was away for longer may have gone anywhere.
        fps: frames per second.
    """
    jumps = [
        _end(_reversed(after), gap, fps)[0] - _end(before, gap, fps)[0] if gap <= WINDOW else 0.0
        for (before, after), gap in zip(pairwise(parts), elapsed, strict=True)
    ]
    off = np.cumsum([0.0, *jumps])
    strays = np.stack([off.imag, off.real], axis=1)
    stiff = np.stack([_stiffness(part, eye) for part, eye in zip(parts, eyes, strict=True)])
    common = np.linalg.solve(stiff.sum(axis=0), (stiff @ strays[..., None]).sum(axis=0))[:, 0]
    return [
        replace(part, root_position=part.root_position + np.insert(shift, 1, 0.0))
        for part, shift in zip(parts, common - strays, strict=True)
    ]


def _stiffness(part: Motion, eye: FloatArray) -> FloatArray:
    """(2, 2) how much speaks against a shift along x and z of what a camera at a place (3,) sees."""
    sight = rotation.normalize((part.root_position.mean(axis=0) - eye)[[0, 2]])
    along = np.outer(sight, sight)
    return np.asarray(len(part.root_position) * (along * DEPTH_SIGMA**-2 + (np.eye(2) - along) * ACROSS_SIGMA**-2))


def _moved(motion: Motion, clip_from_shot: FloatArray) -> Motion:
    rotations = motion.rotations.copy()
    rotations[:, 0] = rotation.multiply(rotation.from_matrix(clip_from_shot[:3, :3]), rotations[:, 0])
    return replace(motion, rotations=rotations, root_position=camera.transform(clip_from_shot, motion.root_position))


def _bridged(shown: Motion, frames: IntArray, frame_count: int, fps: float) -> Motion:
    """A motion of some frames (N,), the first and the last among them, with the frames between."""
    if len(frames) == frame_count:
        return shown
    every = np.arange(frame_count)
    known = np.isin(every, frames)
    spread = rows(shown, np.searchsorted(frames, every, side="right") - 1)
    whole = interpolated(spread, frames, every.astype(np.float64))
    unseen = UNSEEN_SPEED * lifter.ages(known, fps)[:, None]
    return replace(
        whole,
        root_position=lifter.interpolated(every, frames, shown.root_position),
        contacts=np.where(known[:, None], whole.contacts, 0.0),
        joint_sigma=np.hypot(whole.joint_sigma, unseen),
    )


def _camera(takes: Sequence[_Take], worlds: Sequence[FloatArray], frame_count: int) -> Camera:
    """That of each shot; between, and before the first, the nearest one before, or the first, goes on."""
    poses = np.full((frame_count, 4, 4), np.nan)
    for take, world in zip(takes, worlds, strict=True):
        poses[take.shot.start : take.shot.stop] = take.camera.camera_from_world @ camera.inverse(world)
    known = np.isfinite(poses[:, 0, 0])
    last = np.maximum.accumulate(np.where(known, np.arange(frame_count), np.argmax(known)))
    return replace(takes[0].camera, camera_from_world=poses[last])
