"""Data types are frozen and check their arrays."""

from collections.abc import Callable
from dataclasses import FrozenInstanceError, fields, is_dataclass, replace
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from bodydouble import data
from bodydouble.data import (
    Background,
    Clip,
    FaceObservation,
    FrameObservations,
    HandObservation,
    LineSegments,
    Observation,
    PastObservation,
    Skeleton,
    annotations,
    corrections,
)
from bodydouble.errors import BodydoubleError, InvalidDataError
from tests import builders


def _observation() -> Observation:
    return Observation(np.zeros(4), np.zeros((33, 3)), np.zeros((33, 3)), 1.0)


def _background() -> Background:
    return Background(3, np.array([0, 2]), np.array([0, 0, 1, 2]), np.array([0, 1, 0, 1]), np.zeros((4, 2)))


EXAMPLES: dict[str, Callable[[], Any]] = {
    "Clip": lambda: Clip(Path("a.mp4"), (640, 480), Fraction(30), None),
    "Camera": lambda: builders.level_camera(3),
    "HandObservation": lambda: HandObservation(np.zeros((21, 3)), np.zeros((21, 3))),
    "FaceObservation": lambda: FaceObservation(np.zeros(52), np.array([0.0, 0.0, 0.0, 1.0]), 1.0),
    "Observation": _observation,
    "PastObservation": lambda: PastObservation(2, _observation()),
    "FrameObservations": lambda: FrameObservations((_observation(),)),
    "Background": _background,
    "LineSegments": lambda: LineSegments(np.array([0, 0, 1]), np.zeros((3, 2, 2)), 2.0),
    "Sound": lambda: data.Sound(np.zeros(160), 16000),
    "Speech": lambda: data.Speech(np.zeros(5), np.zeros((5, len(data.VISEMES)))),
    "Track": lambda: builders.track(5),
    "Skeleton": builders.humanoid_skeleton,
    "Motion": lambda: builders.smooth_motion(5),
    "Hands": lambda: builders.hands(5),
    "Face": lambda: builders.face(5),
    "Trait": lambda: data.Trait("short", 0.5),
    "Appearance": builders.appearance,
    "AppearanceSample": builders.appearance_sample,
    "Person": lambda: builders.performance(people=1).people[0],
    "Performance": builders.performance,
    "TexturePlacement": data.TexturePlacement,
    "Texture": lambda: data.Texture(b"\x89PNG"),
    "Material": data.Material,
    "MorphTarget": lambda: data.MorphTarget("smile", np.zeros((4, 3)), np.zeros((4, 3))),
    "Mesh": lambda: builders.character().meshes[0],
    "Character": builders.character,
}


CORRECTIONS: dict[str, Callable[[], Any]] = {
    "Rename": lambda: corrections.Rename("a", "b"),
    "Merge": lambda: corrections.Merge("a", "b"),
    "Split": lambda: corrections.Split("a", 3, "b"),
    "Swap": lambda: corrections.Swap("a", "b", 3),
    "Delete": lambda: corrections.Delete("a"),
    "ContactEdit": lambda: corrections.ContactEdit("a", "left", 1, 3),
    "Keyframe": lambda: corrections.Keyframe("a", "hips", 3, pixel=(1.0, 2.0)),
    "SideExchange": lambda: corrections.SideExchange("a", 1, 3),
    "UnreliableSpan": lambda: corrections.UnreliableSpan("a", 1, 3),
    "Smoothing": lambda: corrections.Smoothing("a", 1, 3, 2.0),
    "FloorLevel": lambda: corrections.FloorLevel(0.1),
    "PersonHeight": lambda: corrections.PersonHeight("a", 1.7),
    "FocalLength": lambda: corrections.FocalLength(35.0),
}
EXAMPLES |= CORRECTIONS
EXAMPLES |= {
    "AnnotatedKeypoint": lambda: annotations.AnnotatedKeypoint("a", 3, "nose", pixel=(1.0, 2.0)),
    "Annotations": annotations.Annotations,
}


def test_every_type_has_an_example() -> None:
    types = {
        name
        for module in (data, annotations, corrections)
        for name, value in vars(module).items()
        if is_dataclass(value)
    }
    assert types == set(EXAMPLES)


@pytest.mark.parametrize("name", EXAMPLES)
def test_types_are_frozen(name: str) -> None:
    example = EXAMPLES[name]()
    for field in fields(example):
        with pytest.raises(FrozenInstanceError):
            setattr(example, field.name, None)
    with pytest.raises((AttributeError, TypeError)):
        example.something_new = 1


@pytest.mark.parametrize(
    ("name", "field", "shape"),
    [
        ("Camera", "intrinsics", (3, 4)),
        ("Sound", "samples", (2, 80)),
        ("Speech", "visemes", (4, 14)),
        ("Camera", "camera_from_world", (4, 4)),
        ("Camera", "camera_from_world", (3, 3, 4)),
        ("Observation", "box", (5,)),
        ("Observation", "keypoints", (32, 3)),
        ("Observation", "landmarks_3d", (33, 4)),
        ("Background", "keyframes", (2, 1)),
        ("Background", "corner_ids", (3,)),
        ("Background", "points", (4, 3)),
        ("Track", "observed", (4,)),
        ("Track", "boxes", (5, 3)),
        ("Track", "keypoints", (5, 33, 2)),
        ("Track", "landmarks_3d", (4, 33, 3)),
        ("Skeleton", "rest_offsets", (21, 3)),
        ("MorphTarget", "position_offsets", (4, 2)),
        ("MorphTarget", "normal_offsets", (5, 3)),
        ("Motion", "rotations", (5, 22, 3)),
        ("Motion", "rotations", (5, 21, 4)),
        ("Motion", "root_position", (4, 3)),
        ("Motion", "contacts", (5, 2)),
        ("Motion", "joint_sigma", (5, 23)),
        ("Mesh", "positions", (176, 2)),
        ("Mesh", "normals", (175, 3)),
        ("Mesh", "triangles", (12, 4)),
        ("Mesh", "joints", (176, 3)),
        ("Mesh", "weights", (175, 4)),
        ("Mesh", "uvs", (175, 2)),
        ("Mesh", "colors", (176, 3)),
        ("Character", "rest_rotations", (22, 3)),
    ],
)
def test_rejects_wrong_shapes(name: str, field: str, shape: tuple[int, ...]) -> None:
    with pytest.raises(InvalidDataError, match=rf"{name}: {field} is \({shape[0]}.*expected \(") as caught:
        replace(EXAMPLES[name](), **{field: np.zeros(shape)})
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("frames", [[0, 1, 3], [2, 1, 0], [1, 1, 1], []])
def test_frames_of_a_track_must_be_contiguous(frames: list[int]) -> None:
    with pytest.raises(InvalidDataError):
        replace(builders.track(3), frames=np.array(frames, dtype=int))


@pytest.mark.parametrize(
    "parents", [(-1, 0), (-1, 0, 2), (-1, 0, -1), (0, 0, 0), (-1, 2, 0), (-1, 0, 1, 2), (-1, -2, 0)]
)
def test_parents_precede_children(parents: tuple[int, ...]) -> None:
    with pytest.raises(InvalidDataError, match="Skeleton"):
        Skeleton(("a", "b", "c"), parents, np.zeros((3, 3)))


def test_skeleton_index() -> None:
    skeleton = builders.humanoid_skeleton()
    assert [skeleton.index(name) for name in skeleton.joint_names] == list(range(22))
    with pytest.raises(InvalidDataError, match="no joint 'tail'; it has hips, spine"):
        skeleton.index("tail")


def test_track_and_motion_of_a_person_have_equally_many_frames() -> None:
    person = builders.performance(people=1).people[0]
    with pytest.raises(InvalidDataError, match="person1: track has 3 frames, motion 12"):
        replace(person, track=builders.track(3))


@pytest.mark.parametrize("starts", [(0,), (12,), (5, 5), (7, 3), (-1,)])
def test_shots_start_at_ascending_frames_of_the_clip(starts: tuple[int, ...]) -> None:
    performance = builders.performance(12)
    assert replace(performance, shot_starts=(3, 7)).shot_starts == (3, 7)
    with pytest.raises(InvalidDataError, match="shot_starts"):
        replace(performance, shot_starts=starts)


def test_invalid_data_is_a_value_error() -> None:
    assert issubclass(InvalidDataError, ValueError)
    assert issubclass(InvalidDataError, BodydoubleError)


def test_parts_of_a_mesh_have_its_vertices() -> None:
    mesh = builders.character().meshes[0]
    for part in ({"further_uvs": (np.zeros((3, 2)),)}, {"morph_targets": (data.MorphTarget("a", np.zeros((3, 3))),)}):
        with pytest.raises(InvalidDataError, match="are not all"):
            replace(mesh, **part)


@pytest.mark.parametrize(
    ("name", "trait"),
    [
        ("hair", data.Trait("green", 1.0)),
        ("sleeve", data.Trait(1.5, 1.0)),
        ("sleeve", data.Trait(0.5, 1.5)),
        ("top_color", data.Trait((0.0, 0.5, 1.5), 1.0)),
        ("leg", data.Trait("long", 1.0)),
    ],
)
def test_rejects_impossible_traits(name: str, trait: data.Trait[Any]) -> None:
    with pytest.raises(InvalidDataError, match=f"Appearance: {name} is"):
        data.Appearance(**{name: trait})


def test_hands_and_face_cover_the_frames_of_the_person() -> None:
    person = builders.performance(people=1).people[0]
    frames = len(person.track.frames)
    replace(person, hands=builders.hands(frames), face=builders.face(frames))
    with pytest.raises(InvalidDataError, match=f"track has {frames} frames, hands {frames + 1}"):
        replace(person, hands=builders.hands(frames + 1))
    with pytest.raises(InvalidDataError, match=f"track has {frames} frames, face 1"):
        replace(person, face=builders.face(1))
