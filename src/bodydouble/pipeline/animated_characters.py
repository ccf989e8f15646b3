"""Animated characters: people and templates -> each character in every frame, with body, fingers and face."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace

import numpy as np

from bodydouble.characters.arm_clearance import clear_arms
from bodydouble.characters.body_fitting import fit_character
from bodydouble.characters.face_weights import animate_face
from bodydouble.characters.foot_planting import plant_feet
from bodydouble.characters.hand_contacts import keep_hand_contacts, palm_touches
from bodydouble.characters.keyframe_reduction import reduce_keyframes
from bodydouble.characters.limb_limits import limit_limbs
from bodydouble.characters.retarget import JointMatrixSequence, retarget
from bodydouble.characters.skirt_bones import hold_skirt, swing_skirt
from bodydouble.characters.spring_bones import swing_springs
from bodydouble.characters.twist_bones import spread_twist
from bodydouble.characters.weight_keyframes import reduce_weight_keys
from bodydouble.data import BoolArray, Character, Face, FloatArray, MorphWeights, Motion, Performance, Person
from bodydouble.data.windows import shift, split_into_windows
from bodydouble.formats import fbx
from bodydouble.geometry import rotation
from bodydouble.motion.hands.merge import full_motion
from bodydouble.motion.resampling.motion import slice_motion
from bodydouble.pipeline.preview_size import PersonSizedMatrices

WINDOW_FRAMES, WINDOW_MARGIN_SECONDS = 6000, 10.0
"""Length of the windows in which long motions are retargeted, in frames, and their overlap on either side, in s: hair
and clothes come to the same motion in that time."""


@dataclass(frozen=True, slots=True)
class AnimatedCharacter:
    """A character with its pose in every frame of a person."""

    character: Character
    rotations: FloatArray
    """(T, J, 4) xyzw, of every joint node, local to its parent."""
    hips_translation: FloatArray
    """(T, 3) m, of the hips node, local to its parent."""
    face_weights: MorphWeights | None = None
    """(T, K) weights of the morph targets of each mesh; None: the face stands still."""

    def keyframe_masks(self, tolerance: float) -> tuple[BoolArray, BoolArray]:
        """Selects keyframes of the rotations (T, J) and of the hips translation (T,).

        Interpolation between them keeps every joint within the tolerance, in m, of its position.
        """
        skeleton, hips = self.character.skeleton, self.character.humanoid["hips"]
        return reduce_keyframes(skeleton, self.rotations, self.hips_translation, tolerance, hips)

    def weight_key_masks(self, tolerance: float) -> list[BoolArray | None]:
        """Selects keyframes of the weights (T,) of each mesh, as ``keyframe_masks`` does; None without weights."""
        weights = self.face_weights or (None,) * len(self.character.meshes)
        return [
            None if values is None else reduce_weight_keys(values, mesh, tolerance)
            for values, mesh in zip(weights, self.character.meshes, strict=True)
        ]

    def fbx_model(self, name: str) -> fbx.AnimatedModel:
        """Returns the character as a model of an FBX file."""
        return fbx.AnimatedModel(name, self.character, self.rotations, self.hips_translation, weights=self.face_weights)


def animate_characters(captured: Performance, templates: Sequence[Character]) -> list[AnimatedCharacter]:
    """Gives each person of a performance the character that stands at the same place of the list."""
    return [
        add_face(retarget_to_character(full_motion(person), template, _shot_rows(captured, person)), person.face)
        for person, template in zip(captured.people, templates, strict=True)
    ]


def _shot_rows(captured: Performance, person: Person) -> list[int]:
    """Returns the rows of a person's motion at which further shots start."""
    return [start - int(person.track.frames[0]) for start in captured.shot_starts]


def add_face(animated: AnimatedCharacter, face: Face | None) -> AnimatedCharacter:
    """Puts a face on an animated character: weights of its morph targets, and rotations of its eyes."""
    if face is None:
        return animated
    motion = animate_face(face, animated.character)
    rotations = animated.rotations.copy()
    for joint, turned in motion.eyes.items():
        rotations[:, joint] = turned
    has_weights = any(values is not None for values in motion.weights)
    return replace(animated, rotations=rotations, face_weights=motion.weights if has_weights else None)


def retarget_to_character(motion: Motion, template: Character, shot_starts: Collection[int] = ()) -> AnimatedCharacter:
    """Retargets the motion of a person to a character.

    A built-in character gets the person's proportions first. On others, joints keep to their limits, hand contacts
    are kept, arms stay out of the body, feet are planted, twist bones share the twist of the limbs, and hair and
    clothes swing, anew in each shot.
    """
    character = fit_character(template, motion.skeleton) if template.is_builtin else template
    frames = len(motion.rotations)
    margin = 0 if template.is_builtin else round(WINDOW_MARGIN_SECONDS * float(motion.fps))
    windows = list(split_into_windows(frames, WINDOW_FRAMES, margin))
    if len(windows) == 1:
        return AnimatedCharacter(character, *_retarget_window(motion, character, shot_starts))
    rotations = np.empty((frames, len(character.skeleton.joint_names), 4))
    hips_translation = np.empty((frames, 3))
    for inner, outer in windows:
        starts = [start - outer.start for start in shot_starts]
        part, hips_translation_part = _retarget_window(slice_motion(motion, outer), character, starts)
        kept = part[shift(inner, outer)]
        if inner.start:
            kept = rotation.make_continuous(np.concatenate([rotations[inner.start - 1 : inner.start], kept]))[1:]
        rotations[inner], hips_translation[inner] = kept, hips_translation_part[shift(inner, outer)]
    return AnimatedCharacter(character, rotations, hips_translation)


def _retarget_window(
    motion: Motion, character: Character, shot_starts: Collection[int]
) -> tuple[FloatArray, FloatArray]:
    """Returns the rotations (T, J, 4) and the translation (T, 3) of the hips of a character that follows a motion."""
    rotations, hips_translation = retarget(motion, character)
    if character.is_builtin:
        return rotations, hips_translation
    return _correct_pose(motion, character, rotations, hips_translation, shot_starts)


def _correct_pose(
    motion: Motion,
    character: Character,
    rotations: FloatArray,
    hips_translation: FloatArray,
    shot_starts: Collection[int],
) -> tuple[FloatArray, FloatArray]:
    """Corrects the pose of a character whose proportions are not the person's."""
    fps, skeleton = float(motion.fps), motion.skeleton
    rotations = limit_limbs(character, skeleton, rotations)
    rotations = keep_hand_contacts(motion, character, rotations, hips_translation)
    rotations = clear_arms(character, rotations, hips_translation, palm_touches(motion), fps)
    rotations, hips_translation = plant_feet(character, rotations, hips_translation, motion.contacts, fps)
    rotations = limit_limbs(character, skeleton, rotations, keep_positions=True)
    rotations = spread_twist(character, skeleton, rotations)
    rotations = swing_skirt(character, rotations)
    swung = swing_springs(character, rotations, hips_translation, fps, shot_starts)
    return hold_skirt(character, rotations, swung), hips_translation


def person_sized_matrices(person: Person, animated: AnimatedCharacter) -> JointMatrixSequence | PersonSizedMatrices:
    """Returns the joint matrices of a character in the person's size and place, as the video's camera sees them."""
    matrices = JointMatrixSequence(animated.character, animated.rotations, animated.hips_translation)
    is_fitted = animated.character.is_builtin
    return matrices if is_fitted else PersonSizedMatrices(matrices, animated.character, person.motion)
