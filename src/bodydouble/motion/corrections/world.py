"""Corrections of the whole world: level of the floor, heights of people, focal length."""

from collections.abc import Sequence
from dataclasses import replace
from math import hypot

import numpy as np

from bodydouble.data import FULL_FRAME_DIAGONAL_MM, Camera, FloatArray, Performance, Person
from bodydouble.data.corrections import FloorLevel, FocalLength, PersonHeight
from bodydouble.errors import InvalidDataError
from bodydouble.geometry import camera, rotation
from bodydouble.motion.body import proportions
from bodydouble.motion.corrections.refit import Evidence, refit

_UP = np.array([0.0, 1.0, 0.0])
_ON_FLOOR = np.array([1.0, 0.0, 1.0])
_SAME_POSE = 1e-6
"""Maximum difference of the elements of the poses of a static camera."""


def move_floor(performance: Performance, level: FloorLevel) -> Performance:
    """Moves the floor, that is the origin of the world, up; the image stays the same."""
    shift = level.height * _UP
    poses = performance.camera.camera_from_world.copy()
    poses[:, :3, 3] += rotation.rotate_vectors(poses[:, :3, :3], shift)
    people = tuple(
        replace(person, motion=replace(person.motion, root_position=person.motion.root_position - shift))
        for person in performance.people
    )
    return replace(performance, camera=replace(performance.camera, camera_from_world=poses), people=people)


def set_heights(performance: Performance, heights: Sequence[PersonHeight]) -> Performance:
    """Gives people their heights.

    The world is scaled about its origin, which changes neither the image nor contacts: by the factor of the person, or
    by the geometric mean of several. Where people need another factor than the world, they are scaled by the rest
    about their place on the floor.

    Args:
        performance: any.
        heights: of its people; of two for the same person, the later one prevails.
    """
    wanted = {height.person: height.height for height in heights}
    factors = {
        person.name: wanted[person.name] / proportions.stature(person.motion.skeleton)
        for person in performance.people
        if person.name in wanted
    }
    world = float(np.exp(np.mean(np.log([*factors.values()]))))
    poses = performance.camera.camera_from_world.copy()
    poses[:, :3, 3] *= world
    people = tuple(
        _scale_person(_scale_person(person, world, np.zeros(3)), factors.get(person.name, world) / world)
        for person in performance.people
    )
    return replace(performance, camera=replace(performance.camera, camera_from_world=poses), people=people)


def _scale_person(person: Person, factor: float, center: FloatArray | None = None) -> Person:
    """Scales a person about a point of the floor (3,), or about the median of the places."""
    motion = person.motion
    center = np.median(motion.root_position, axis=0) * _ON_FLOOR if center is None else center
    scaled = replace(
        motion,
        skeleton=proportions.scale_skeleton(motion.skeleton, factor),
        root_position=center + factor * (motion.root_position - center),
        joint_sigma=factor * motion.joint_sigma,
    )
    hands = person.hands and replace(person.hands, rest_offsets=factor * person.hands.rest_offsets)
    return replace(person, motion=scaled, hands=hands)


def set_focal_length(performance: Performance, focal_length: FocalLength) -> Performance:
    """Gives a static camera another focal length, and fits all motions again.

    Raises:
        InvalidDataError: the camera moves, or the clip has several shots.
        ModelError: the lifter cannot be loaded.
    """
    check_focal_length_is_free(performance)
    view = performance.camera
    focal_length_px = focal_length.focal_length_mm * hypot(*view.image_size) / FULL_FRAME_DIAGONAL_MM
    if np.isclose(focal_length_px, view.intrinsics[0, 0], rtol=1e-9):
        return performance
    new_view = _change_focal_length(view, focal_length_px)
    return replace(
        performance, camera=new_view, people=tuple(_refit_view(person, view, new_view) for person in performance.people)
    )


def check_focal_length_is_free(performance: Performance) -> None:
    """Raises InvalidDataError if the focal length of a performance cannot be corrected."""
    if performance.shot_starts or np.ptp(performance.camera.camera_from_world, axis=0).max() > _SAME_POSE:
        raise InvalidDataError(
            "the focal length of a camera that moves, or of several shots, cannot be corrected afterwards; "
            "capture the video again with --focal-length"
        )


def _change_focal_length(view: Camera, focal_length_px: float) -> Camera:
    """Returns a static camera at the same place above the floor whose image of the floor is the same.

    A focal length that is larger by a factor places everything farther away by that factor, along the optical axis.
    This turns the normal of the floor in the axes of the camera.
    """
    ratio = focal_length_px / view.intrinsics[0, 0]
    pose = view.camera_from_world[0]
    up = rotation.normalize(pose[:3, 1] / np.array([1.0, 1.0, ratio]))
    world_from_camera = camera.inverse(pose)
    ahead = rotation.normalize(world_from_camera[:3, 2] * _ON_FLOOR)
    ahead_in_camera = rotation.normalize(np.array([0.0, 0.0, 1.0]) - up[2] * up)
    from_axes = np.stack([np.cross(ahead_in_camera, up), up, ahead_in_camera], axis=1)
    to_axes = np.stack([np.cross(ahead, _UP), _UP, ahead], axis=1)
    turned = np.eye(4)
    turned[:3, :3] = to_axes @ from_axes.T
    turned[:3, 3] = world_from_camera[:3, 3]
    poses = np.tile(camera.inverse(turned), (len(view.camera_from_world), 1, 1))
    return Camera(view.image_size, camera.intrinsics_from_focal_length(focal_length_px, view.image_size), poses)


def _refit_view(person: Person, view: Camera, new_view: Camera) -> Person:
    contacts, rows = person.motion.contacts, slice(0, len(person.track.frames))
    before, after = Evidence(person.track, contacts, view), Evidence(person.track, contacts, new_view)
    return replace(person, motion=refit(person.motion, after, rows, before))
