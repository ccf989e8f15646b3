"""Scene: characters, joint matrices and a camera -> image of them, lit and with shadows, in an environment."""

from collections.abc import Sequence

import moderngl
import numpy as np
from numpy.typing import NDArray

from bodydouble.data import Character, FloatArray, MorphWeights, RgbImage
from bodydouble.geometry.camera import inverse
from bodydouble.geometry.rotation import normalize
from bodydouble.render import view_volumes
from bodydouble.render.backdrop import Backdrop
from bodydouble.render.composition import FURTHER_UNIT, Composition, OffscreenRenderer
from bodydouble.render.context import write_matrix
from bodydouble.render.environment import Environment
from bodydouble.render.model import SkinnedModel, compile_programs
from bodydouble.render.shadows import ShadowMaps
from bodydouble.render.view_volumes import PixelRect

_NEAR_PLANE, _FAR_PLANE = 0.1, 150.0
"""Depths of the clip planes in m."""
_SAMPLES = 4
"""Samples per pixel for antialiasing."""
_BACKDROP_UNIT, _SUN_DEPTH_UNIT, _BASE_TEXTURE_UNIT = FURTHER_UNIT, 3, 4


class SceneRenderer(OffscreenRenderer):
    """Renderer of characters. A context manager; owns an OpenGL context and everything in it.

    Passes of a frame: skinning, depth from the light and from the floor, floor shadows, light, characters, compositing
    over the backdrop. Only the regions with characters and their shadows are drawn and read.

    Args:
        image_size: width and height of the images, px.
        characters: one per person; the same character may occur more than once.
        colors: RGB, 0 to 255, one per person: tint of a character without colours, rim light of any other.
        environment: light and surroundings; None: the studio.

    Raises:
        RenderingUnavailableError: there is no OpenGL on this machine.
    """

    def __init__(
        self,
        image_size: tuple[int, int],
        characters: Sequence[Character],
        colors: Sequence[tuple[int, int, int]],
        environment: Environment | None = None,
    ) -> None:
        super().__init__(image_size)
        environment = environment or Environment()
        self._light = environment.light
        with self._context:
            programs = compile_programs(self._context)
            self._programs = programs
            self._shadows = ShadowMaps(self._context, programs.depth, normalize(np.array(self._light.direction)))
            self._backdrop = Backdrop(self._context, image_size, environment)
            rgb = np.asarray(colors, dtype=np.float64).reshape(-1, 3) / 255.0
            self._models = [
                SkinnedModel(self._context, programs, character, color)
                for character, color in zip(characters, rgb, strict=True)
            ]
            self._composition = Composition(
                self._context, image_size, "compose.frag", samples=_SAMPLES, backdrop=_BACKDROP_UNIT
            )

    def draw(
        self,
        joint_matrices: Sequence[FloatArray | None],
        camera_intrinsics: FloatArray,
        camera_from_world: FloatArray,
        morph_weights: Sequence[MorphWeights | None] | None = None,
    ) -> RgbImage:
        """Draws one image; takes the arguments of start and returns (height, width, 3) RGB."""
        self.start(joint_matrices, camera_intrinsics, camera_from_world, morph_weights)
        image = np.empty((self.image_size[1], self.image_size[0], 3), dtype=np.uint8)
        self.read_into(image)
        return image

    def start(
        self,
        joint_matrices: Sequence[FloatArray | None],
        camera_intrinsics: FloatArray,
        camera_from_world: FloatArray,
        morph_weights: Sequence[MorphWeights | None] | None = None,
    ) -> None:
        """Begins to draw one image, which a driver continues while other work is done.

        Args:
            joint_matrices: per person, world_from_joint (J, 4, 4) of the character's joints, or None if absent.
            camera_intrinsics: (3, 3) px, for image_size.
            camera_from_world: (4, 4).
            morph_weights: per person, weights of the morph targets; None: those at rest.
        """
        with self._context:
            weights = morph_weights or [None] * len(joint_matrices)
            self._regions = self._draw(joint_matrices, weights, camera_intrinsics, camera_from_world)

    def read_into(self, image: NDArray[np.uint8]) -> None:
        """Reads the image that was started into an array (height, width, 3) RGB."""
        self._backdrop.copy_into(image)
        with self._context:
            self._composition.read_into(image, self._regions)

    def _draw(
        self,
        joint_matrices: Sequence[FloatArray | None],
        morph_weights: Sequence[MorphWeights | None],
        camera_intrinsics: FloatArray,
        camera_from_world: FloatArray,
    ) -> list[PixelRect]:
        """Draws the parts of an image that differ from the backdrop, and returns them."""
        self._context.enable_only(moderngl.NOTHING)
        world_from_camera = inverse(camera_from_world)
        world_from_pixel = world_from_camera[:3, :3] @ np.linalg.inv(camera_intrinsics)
        eye = world_from_camera[:3, 3]
        self._backdrop.update(world_from_pixel, eye)
        poses = {i: matrices for i, matrices in enumerate(joint_matrices) if matrices is not None}
        if not poses:
            return []
        present = [self._models[i] for i in poses]
        bounds = [self._models[i].pose(matrices, morph_weights[i]) for i, matrices in poses.items()]
        points = np.concatenate(bounds)
        area = view_volumes.floor_area(points, self._shadows.sun)
        self._shadows.update(present, area, max(float(points[:, 1].max()), 0.1))
        clip_from_world = (
            view_volumes.clip_from_camera(camera_intrinsics, self.image_size, _NEAR_PLANE, _FAR_PLANE)
            @ camera_from_world
        )
        figures = view_volumes.image_regions(clip_from_world, bounds, self.image_size)
        shaded = [self._shadows.floor_points(person) for person in bounds]
        floors = view_volumes.image_regions(clip_from_world, shaded, self.image_size)
        self._draw_characters(present, clip_from_world, eye, figures)
        self._backdrop.bind(_BACKDROP_UNIT)
        self._composition.compose(world_from_pixel, eye, self._shadows, floors, figures)
        return floors + figures

    def _draw_characters(
        self, models: Sequence[SkinnedModel], clip_from_world: FloatArray, eye: FloatArray, regions: Sequence[PixelRect]
    ) -> None:
        self._light_characters(models, eye)
        self._composition.start(regions)
        self._context.enable_only(moderngl.DEPTH_TEST)
        for program in self._programs.colors:
            write_matrix(program, "clip_from_world", clip_from_world)
        for model in models:
            model.draw(_BASE_TEXTURE_UNIT, is_blended=False)
        # Translucent surfaces come last; they are hidden by what is in front of them, but hide nothing.
        self._context.enable(moderngl.BLEND)
        self._context.blend_func = moderngl.ONE, moderngl.ONE_MINUS_SRC_ALPHA
        self._composition.canvas.depth_mask = False
        for model in models:
            model.draw(_BASE_TEXTURE_UNIT, is_blended=True)
        self._composition.canvas.depth_mask = True
        self._context.disable(moderngl.BLEND)

    def _light_characters(self, models: Sequence[SkinnedModel], eye: FloatArray) -> None:
        program = self._programs.light
        program["eye"] = tuple(eye)
        program["key"], program["sky"], program["ground"] = self._light.key, self._light.sky, self._light.ground
        self._shadows.bind_sun(program, _SUN_DEPTH_UNIT)
        for model in models:
            model.light()
