"""Second and last fit: a person is fitted again with the floor, contacts and free fall, then with explained forces.

In: ``FitInput``, result of the first fit, ``Floor``. Out: the state, and the probabilities that the soles rest.
"""

from dataclasses import replace
from fractions import Fraction
from functools import partial

import numpy as np

from bodydouble.data import FloatArray, Motion
from bodydouble.data.windows import shift, split_into_windows
from bodydouble.geometry import rotation
from bodydouble.motion.fit.kinematics import pose_skeleton
from bodydouble.motion.fit.solve import SolveOptions, slice_state, solve
from bodydouble.motion.fit.terms import FIT_LANDMARKS, SUPPORT_LANDMARKS, FitTargets, State
from bodydouble.motion.floor.contacts import SOLE_LANDMARKS, are_feet_ever_seen, contact_probability, known_contacts
from bodydouble.motion.floor.floor import Floor, airborne_probability, support_height
from bodydouble.motion.floor.sole_contacts import sole_contact_probability
from bodydouble.motion.lifting.fit_input import FitInput
from bodydouble.motion.lifting.long_clips import WINDOW_FRAMES
from bodydouble.motion.physics import windows
from bodydouble.motion.physics.dynamics import UP
from bodydouble.motion.physics.explained_acceleration import explained_acceleration

HAND_KNEE_RAISED_HEIGHT = 0.1
"""Height in m above the support at which a motionless hand or knee rests with half the probability."""


def fit_on_floor(
    person: FitInput, state: State, floor: Floor, measured_contacts: FloatArray | None, options: SolveOptions
) -> tuple[State, FloatArray]:
    """Fits a person twice with floor and contacts in the targets, unless the feet are never seen.

    The second of these fits adds the acceleration of the hips that the contacts of the first one explain.

    Args:
        person: T frames.
        state: result of the first fit.
        floor: floor in the axes of the reference.
        measured_contacts: (T, 4), if they are known.
        options: options of the fit.

    Returns:
        The state, and the probabilities (T, 4) that the soles rest.
    """
    fps = person.targets.fps
    if measured_contacts is None and not are_feet_ever_seen(person.confidence, fps):
        return state, np.zeros((len(state.root), len(SOLE_LANDMARKS)))
    landmarks = _landmarks(person, state, FIT_LANDMARKS)
    height = floor.height_above(landmarks)
    support = support_height(height.min(axis=1), fps)
    contacts = _sole_contacts(person, state, floor, support) if measured_contacts is None else measured_contacts
    targets = _add_floor(person.targets, floor, support, landmarks, contacts)
    del landmarks, height
    estimate_contacts = partial(_known_sole_contacts, person, floor=floor, support=support)
    state = solve(person.skeleton, state, targets, options)
    contacts = estimate_contacts(state) if measured_contacts is None else measured_contacts
    acceleration = _explained_acceleration(person, state, floor, contacts)
    state = solve(person.skeleton, state, replace(targets, explained_acceleration=acceleration), options)
    return state, estimate_contacts(state) if measured_contacts is None else measured_contacts


def _add_floor(
    targets: FitTargets, floor: Floor, support: FloatArray, landmarks: FloatArray, contacts: FloatArray
) -> FitTargets:
    """Returns fit targets with floor, contacts and free fall.

    Args:
        targets: T frames.
        floor: floor in the axes of the reference.
        support: (T,) m, height of the surface under the person above the floor.
        landmarks: (T, L, 3) m, FIT_LANDMARKS.
        contacts: (T, 4) probabilities that the soles rest.
    """
    height = floor.height_above(landmarks) - support[:, None]
    return replace(
        targets,
        up=floor.up,
        origin_height=floor.camera_height - support,
        contacts=contacts,
        support_contacts=contact_probability(
            landmarks[:, SUPPORT_LANDMARKS], height[:, SUPPORT_LANDMARKS], targets.fps, HAND_KNEE_RAISED_HEIGHT
        ),
        airborne=airborne_probability(height, contacts),
    )


def _explained_acceleration(person: FitInput, state: State, floor: Floor, contacts: FloatArray) -> FloatArray:
    """Returns the acceleration (T, 3) m/s^2 of the hips that contacts (T, 4) explain, axes of the reference."""
    fps, acceleration = person.targets.fps, np.empty_like(state.root)
    world_from_reference = rotation.between(floor.up, UP)
    margin = round(windows.MARGIN_SECONDS * fps)
    for inner, outer in split_into_windows(len(acceleration), windows.WINDOW_FRAMES, margin):
        part = slice_state(state, outer)
        rotations = rotation.from_matrix(part.rotations)
        rotations[:, 0] = rotation.multiply(world_from_reference, rotations[:, 0])
        root = rotation.rotate(world_from_reference, part.root)
        unknown_sigma = np.full(rotations.shape[:2], np.nan)
        motion = Motion(person.skeleton, Fraction(fps), rotations, root, contacts[outer], unknown_sigma)
        explained = explained_acceleration(motion)[shift(inner, outer)]
        acceleration[inner] = rotation.rotate(rotation.conjugate(world_from_reference), explained)
    return acceleration


def _known_sole_contacts(person: FitInput, state: State, floor: Floor, support: FloatArray) -> FloatArray:
    """Estimates the contacts (T, 4) of the soles; 0 where the feet are not seen."""
    return _sole_contacts(person, state, floor, support) * known_contacts(person.confidence, person.targets.fps)


def _sole_contacts(person: FitInput, state: State, floor: Floor, support: FloatArray) -> FloatArray:
    """Estimates the probability (T, 4) that each point of the soles rests on a support of height (T,)."""
    soles = _landmarks(person, state, SOLE_LANDMARKS)
    return sole_contact_probability(soles, floor.height_above(soles) - support[:, None], person.targets.fps)


def _landmarks(person: FitInput, state: State, landmarks: tuple[int, ...]) -> FloatArray:
    """Returns the positions (T, L, 3) m of landmarks of a posed person."""
    positions = np.empty((len(state.root), len(landmarks), 3))
    for rows, _ in split_into_windows(len(positions), WINDOW_FRAMES, 0):
        part = slice_state(state, rows)
        positions[rows] = pose_skeleton(person.skeleton, part.rotations, part.root, landmarks).landmarks
    return positions
