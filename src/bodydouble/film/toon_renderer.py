"""Toon renderer: characters, joint matrices and a camera -> image of them as in an anime, without background."""

from collections.abc import Sequence

import moderngl
import numpy as np

from bodydouble.data import Character, FloatArray, MorphWeights, RgbaImage
from bodydouble.film.floor_shadow import FloorShadow
from bodydouble.film.toon_materials import Role
from bodydouble.film.toon_model import FEATURE_OPACITY, ToonModel, ToonPart
from bodydouble.film.toon_programs import ToonPrograms
from bodydouble.geometry.camera import inverse
from bodydouble.geometry.rotation import normalize
from bodydouble.render import view_volumes
from bodydouble.render.composition import Composition, OffscreenRenderer
from bodydouble.render.context import compile_program, wait_for_driver
from bodydouble.render.skinned_vertices import compile_skinning
from bodydouble.render.view_volumes import PixelRect

LIGHT = np.array([-0.48, 0.62, 0.66])
"""Direction towards the light: to the right of the camera, up in the world, towards the camera."""
MIN_NEAR_PLANE = 0.05
"""Minimum depth in m that is drawn."""
SUPERSAMPLING = 2
"""Samples per pixel in x and in y. A software driver draws so many pixels faster than samples within a pixel."""
FEATURE_REACH = 0.035
"""Maximum distance in m of hair through which eyes and brows are seen."""
OUTLINE_DEPTH = 0.004
"""Distance in m by which outlines lie behind the surface, so that small folds do not show them."""


class ToonRenderer(OffscreenRenderer):
    """Renderer of characters as in an anime. A context manager; owns an OpenGL context and everything in it.

    Passes of a frame: skinning, depth from the light and from the floor, floor shadows, opaque surfaces, outlines,
    translucent surfaces, eyes and brows through the hair, compositing over the floor shadows.

    Args:
        image_size: width and height of the images, px.
        characters: one per person; the same character may occur more than once.

    Raises:
        RenderingUnavailableError: there is no OpenGL on this machine.
    """

    def __init__(self, image_size: tuple[int, int], characters: Sequence[Character]) -> None:
        super().__init__(image_size)
        with self._context:
            skinning = compile_skinning(self._context, has_hull_normals=True)
            depth = compile_program(self._context, "toon_light.vert", "depth.frag")
            self._programs = ToonPrograms(self._context)
            self._floor_shadow = FloorShadow(self._context)
            self._models = [
                ToonModel(self._context, skinning, depth, self._programs, character) for character in characters
            ]
            self._composition = Composition(self._context, image_size, "toon_compose.frag", supersampling=SUPERSAMPLING)

    def draw(
        self,
        joint_matrices: Sequence[FloatArray | None],
        camera_intrinsics: FloatArray,
        camera_from_world: FloatArray,
        morph_weights: Sequence[MorphWeights | None] | None = None,
    ) -> RgbaImage:
        """Draws one image.

        Args:
            joint_matrices: per person, world_from_joint (J, 4, 4) of the character's joints, or None if absent.
            camera_intrinsics: (3, 3) px, for image_size.
            camera_from_world: (4, 4).
            morph_weights: per person, weights of the morph targets; None: those at rest.

        Returns:
            (height, width, 4): the characters, and their shadows on the floor as black with alpha. Colours are
            multiplied by alpha, so that the image is put before a background as ``rgb + (1 - alpha) * background``.
        """
        image = np.zeros((self.image_size[1], self.image_size[0], 4), dtype=np.uint8)
        weights = morph_weights or [None] * len(joint_matrices)
        with self._context:
            regions = self._draw(joint_matrices, weights, camera_intrinsics, camera_from_world)
            self._composition.read_into(image, regions)
        return image

    def _draw(
        self,
        joint_matrices: Sequence[FloatArray | None],
        morph_weights: Sequence[MorphWeights | None],
        camera_intrinsics: FloatArray,
        camera_from_world: FloatArray,
    ) -> list[PixelRect]:
        """Draws the parts of an image that are not empty, and returns them."""
        self._context.enable_only(moderngl.NOTHING)
        self._composition.canvas.use()  # without a target, no shader runs, not even those that draw nothing
        poses = {i: matrices for i, matrices in enumerate(joint_matrices) if matrices is not None}
        if not poses:
            return []
        boxes = [self._models[i].pose(matrices, morph_weights[i]) for i, matrices in poses.items()]
        bounds = [person.reshape(-1, 3) for person in boxes]
        depths = [points @ camera_from_world[2, :3] + camera_from_world[2, 3] for points in bounds]
        near = max(0.9 * min(float(d.min()) for d in depths) - 0.1, MIN_NEAR_PLANE)
        far = max(1.1 * max(float(d.max()) for d in depths) + 0.1, 2.0 * near)
        self._depth_terms = (far + near) / (far - near), -2.0 * far * near / (far - near)
        projection = view_volumes.clip_from_camera(camera_intrinsics, self.image_size, near, far)
        clip_from_world = projection @ camera_from_world
        world_from_camera = inverse(camera_from_world)
        eye, light = world_from_camera[:3, 3], _light_direction(world_from_camera)
        floors = view_volumes.image_regions(clip_from_world, self._floor_shadow.update(boxes, light), self.image_size)
        figures = view_volumes.image_regions(clip_from_world, bounds, self.image_size, margin=4)
        for i, person in zip(poses, boxes, strict=True):
            seen, pixel = self._find_seen(person, camera_intrinsics, camera_from_world)
            self._models[i].draw_light_map(person.reshape(-1, 3), seen, light, pixel)
        wait_for_driver()
        order = np.argsort([-float(np.median(d)) for d in depths])
        self._draw_characters([self._models[list(poses)[k]] for k in order], clip_from_world, eye, light, figures)
        world_from_pixel = world_from_camera[:3, :3] @ np.linalg.inv(camera_intrinsics)
        self._composition.compose(world_from_pixel, eye, self._floor_shadow, floors, figures)
        return floors + figures

    def _find_seen(
        self, boxes: FloatArray, intrinsics: FloatArray, camera_from_world: FloatArray
    ) -> tuple[FloatArray, float]:
        """Finds the boxes that the image shows, and the size of a pixel at the nearest of them.

        Returns:
            Corners (N, 3) of the boxes (K, 8, 3), m, world, and the size in m.
        """
        corners = boxes @ camera_from_world[:3, :3].T + camera_from_world[:3, 3]
        depth = np.maximum(corners[..., 2:], MIN_NEAR_PLANE)
        pixels = corners[..., :2] / depth @ intrinsics[:2, :2].T + intrinsics[:2, 2]
        outside = (pixels.max(axis=1) < 0) | (pixels.min(axis=1) > self.image_size)
        is_seen = ~outside.any(axis=1) & (corners[..., 2].max(axis=1) > MIN_NEAR_PLANE)
        if not is_seen.any():
            is_seen[:] = True
        return boxes[is_seen].reshape(-1, 3), float(depth[is_seen].mean(axis=1).min()) / float(intrinsics[1, 1])

    def _draw_characters(
        self,
        models: Sequence[ToonModel],
        clip_from_world: FloatArray,
        eye: FloatArray,
        light: FloatArray,
        regions: Sequence[PixelRect],
    ) -> None:
        context = self._context
        self._programs.set(
            {
                "clip_from_world": clip_from_world,
                "eye": eye,
                "light": light,
                "depth_terms": self._depth_terms,
                "pixel": 2.0 / np.array(self.image_size),
                "forward": FEATURE_REACH,
                "behind": OUTLINE_DEPTH,
            }
        )
        self._composition.start(regions)
        context.enable_only(moderngl.DEPTH_TEST)
        # What is nearer, and worn over something else, comes first: what it hides is not shaded then.
        for model in reversed(models):
            model.draw_surfaces([part for part in reversed(model.parts) if not part.material.is_blended])
        context.enable(moderngl.CULL_FACE)
        context.cull_face = "front"
        for model in models:
            model.draw_outlines(self.image_size[1])
        context.cull_face = "back"
        context.enable(moderngl.BLEND)
        context.blend_func = moderngl.ONE, moderngl.ONE_MINUS_SRC_ALPHA
        for model in models:
            self._draw_translucent(model)
        self._draw_features(models)
        context.disable(moderngl.BLEND)

    def _draw_translucent(self, model: ToonModel) -> None:
        for part in sorted((part for part in model.parts if part.material.is_blended), key=_translucent_order):
            self._composition.canvas.depth_mask = part.material.writes_depth
            model.draw_surfaces([part])
        self._composition.canvas.depth_mask = True

    def _draw_features(self, models: Sequence[ToonModel]) -> None:
        """Draws eyes and brows through the hair; afterwards the depths are not those of the surfaces any more."""
        for model in models:
            model.draw_forward_depth((Role.FACE, Role.FEATURE, Role.GLASSES))
        self._context.depth_func = "<="
        for model in models:
            model.draw_forward((Role.FEATURE,), FEATURE_OPACITY)
        self._context.depth_func = "<"


def _light_direction(world_from_camera: FloatArray) -> FloatArray:
    """Returns the direction (3,) towards the light, world: upper left and in front, as seen by the camera."""
    right, down, forward = world_from_camera[:3, :3].T
    # Looking steeply up or down, the top of the image tells where the camera's front is.
    ahead = forward - down * np.sign(-forward[1]) * abs(forward[1])
    ahead = normalize(ahead * [1.0, 0.0, 1.0], eps=1e-9)
    across = normalize(right * [1.0, 0.0, 1.0], eps=1e-9)
    return normalize(LIGHT[0] * across + LIGHT[1] * np.array([0.0, 1.0, 0.0]) - LIGHT[2] * ahead)


def _translucent_order(part: ToonPart) -> tuple[bool, int]:
    return not part.material.writes_depth, part.material.queue_offset
