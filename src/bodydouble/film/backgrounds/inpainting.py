"""Inpainting: unseen parts of a plate are filled with similar patches from the rest of it, coarse to fine.

At every level of an image pyramid, each patch that touches the hole looks for the most similar patch outside of it,
and the pixels of the hole become the mean of the patches found. At the size of the plate, pixels are copied from the
places found at the finest level.

Sources: Y. Wexler, E. Shechtman and M. Irani, "Space-time completion of video" (2007); C. Barnes et al., "PatchMatch:
a randomized correspondence algorithm for structural image editing" (2009).
"""

from dataclasses import dataclass

import cv2
import numpy as np

from bodydouble.data import BoolArray, FloatArray, IntArray, RgbImage

FINEST_SIDE = 256
"""Longer side of the finest level, px."""
MIN_SIDE = 24
"""Minimum longer side of the coarsest level, px."""
PATCH_RADIUS = 2
"""Half the side of a patch, px."""
ROUNDS = 6
"""Number of times that patches are searched and pixels averaged at every level but the finest."""
FINEST_ROUNDS = 2
"""Number of these times at the finest level."""
SIMILARITY_SCALE = 12.0
"""Difference of patches, grey levels, by which the weight of a patch falls to 0.6."""
ROW_PENALTY = 30.0
"""Difference in grey levels that counts as much as a source that is higher or lower by the height of the image; walls
and floors look alike along a row."""
RING_WIDTH = 0.004
"""Width of the ring around a hole in which colours are compared, in widths of the image."""

_OFFSETS = np.stack(np.meshgrid(*[np.arange(-PATCH_RADIUS, PATCH_RADIUS + 1)] * 2, indexing="ij"), axis=-1).reshape(
    -1, 2
)


def fill_unseen(image: RgbImage, unseen: BoolArray) -> RgbImage:
    """Fills the unseen pixels (H, W) of an image (H, W, 3); returns the image itself if there are none."""
    if not unseen.any():
        return image
    levels = _build_pyramid(image, unseen)
    field: FloatArray | None = None
    for number, (level, hole) in enumerate(levels):
        start = _interpolate(level, hole) if field is None else _copy_sources(level, hole, field)
        search = _PatchSearch.create(hole, seed=number)
        if search is None:
            field = None
            continue
        field = search.complete(start, field)
    if field is None:
        return _interpolate(image, unseen)
    return _match_surroundings(image, unseen, field)


def _build_pyramid(image: RgbImage, unseen: BoolArray) -> list[tuple[RgbImage, BoolArray]]:
    """Returns images and holes from coarse to fine."""
    levels = []
    side = min(FINEST_SIDE, max(image.shape))
    while True:
        ratio = side / max(image.shape)
        size = max(1, round(image.shape[1] * ratio)), max(1, round(image.shape[0] * ratio))
        weight = cv2.resize((~unseen).astype(np.float32), size, interpolation=cv2.INTER_AREA)
        known = np.where(unseen[..., None], np.uint8(0), image).astype(np.float32)
        mean = cv2.resize(known, size, interpolation=cv2.INTER_AREA) / np.maximum(weight, 1e-6)[..., None]
        hole = weight < 0.5
        levels.append((np.clip(mean, 0, 255).astype(np.uint8), hole))
        if side // 2 < MIN_SIDE or not cv2.erode(hole.astype(np.uint8), np.ones((5, 5))).any():
            return levels[::-1]
        side //= 2


def _interpolate(image: RgbImage, hole: BoolArray) -> RgbImage:
    """Fills the hole smoothly from its border."""
    if hole.all():
        return np.full_like(image, 128)
    return np.asarray(cv2.inpaint(image, hole.astype(np.uint8), 3, cv2.INPAINT_TELEA), np.uint8)


def _copy_sources(image: RgbImage, hole: BoolArray, field: FloatArray, unknown: BoolArray | None = None) -> RgbImage:
    """Fills the hole by copying pixels.

    Args:
        image: (H, W, 3).
        hole: (H, W).
        field: (h, w, 2) displacements (row, column) of the sources at a coarser level, in heights and widths of it.
        unknown: (H, W) pixels that must not be copied; those of the hole if not given.
    """
    height, width = hole.shape
    displacement = cv2.resize(field, (width, height), interpolation=cv2.INTER_NEAREST)
    rows, columns = np.nonzero(hole)
    source_rows = np.clip(np.round(rows + displacement[rows, columns, 0] * height), 0, height - 1).astype(np.intp)
    source_columns = np.clip(np.round(columns + displacement[rows, columns, 1] * width), 0, width - 1).astype(np.intp)
    nearest = _nearest_known(hole if unknown is None else unknown)
    source_rows, source_columns = nearest[:, source_rows, source_columns]
    result = image.copy()
    result[rows, columns] = image[source_rows, source_columns]
    return result


def _nearest_known(hole: BoolArray) -> IntArray:
    """Returns row and column (2, H, W) of the nearest pixel outside the hole."""
    from scipy.ndimage import distance_transform_edt

    return np.asarray(distance_transform_edt(hole, return_distances=False, return_indices=True), np.intp)


def _match_surroundings(image: RgbImage, hole: BoolArray, field: FloatArray) -> RgbImage:
    """Fills the hole by copying pixels, and shifts their colours so that they continue those around the hole.

    The shift is known in a ring around the hole, where the pixels that would be copied can be compared with the image.
    """
    side = 2 * max(1, round(RING_WIDTH * image.shape[1])) + 1
    wide = cv2.dilate(hole.astype(np.uint8), np.ones((side, side))) > 0
    copied = _copy_sources(image, wide, field, hole).astype(np.float32)
    ring = (wide & ~hole).astype(np.float32)
    shift = interpolate_smoothly((image - copied) * ring[..., None], ring)
    return np.where(hole[..., None], np.clip(copied + shift, 0, 255), image).astype(np.uint8)


def interpolate_smoothly(values: FloatArray, weight: FloatArray) -> FloatArray:
    """Interpolates values (H, W, 3), already multiplied by their weights (H, W), over the whole image.

    Pull and push over an image pyramid: S. Gortler et al., "The lumigraph" (1996).
    """
    height, width = weight.shape
    if min(height, width) <= 2:
        return np.broadcast_to(values.sum(axis=(0, 1)) / max(float(weight.sum()), 1e-6), values.shape)
    half = (width + 1) // 2, (height + 1) // 2
    coarse = interpolate_smoothly(
        np.asarray(cv2.resize(cv2.blur(values, (3, 3)), half, interpolation=cv2.INTER_AREA)),
        np.asarray(cv2.resize(cv2.blur(weight, (3, 3)), half, interpolation=cv2.INTER_AREA)),
    )
    push = cv2.resize(np.ascontiguousarray(coarse), (width, height), interpolation=cv2.INTER_LINEAR)
    share = np.minimum(weight, 1.0)[..., None]
    return np.asarray(share * values / np.maximum(weight, 1e-6)[..., None] + (1 - share) * push)


def _extract_patches(pixels: FloatArray) -> FloatArray:
    """Returns the patches (H W, P) around all pixels of an image (H, W, 3)."""
    padded = np.pad(pixels, ((PATCH_RADIUS, PATCH_RADIUS), (PATCH_RADIUS, PATCH_RADIUS), (0, 0)), mode="edge")
    side = 2 * PATCH_RADIUS + 1
    windows = np.lib.stride_tricks.sliding_window_view(padded, (side, side), axis=(0, 1))
    return windows.reshape(pixels.shape[0] * pixels.shape[1], -1)


@dataclass(frozen=True, slots=True)
class _PatchSearch:
    """Search of similar patches for the n patches of one level that touch its hole."""

    hole: BoolArray
    """(H, W)."""
    centers: IntArray
    """(n, 2) row and column of each patch."""
    sources: IntArray
    """(m, 2) row and column of the patches outside the hole."""
    is_source: BoolArray
    """(H, W) whether a patch lies outside the hole and inside the image."""
    number: IntArray
    """(H, W) index of the patch with this centre, -1 if it does not touch the hole."""
    rng: np.random.Generator

    @classmethod
    def create(cls, hole: BoolArray, seed: int) -> "_PatchSearch | None":
        """Collects the patches of a level; None if no patch lies outside the hole."""
        side = 2 * PATCH_RADIUS + 1
        touches = cv2.dilate(hole.astype(np.uint8), np.ones((side, side))) > 0
        is_source = ~touches
        for edge in (np.s_[:PATCH_RADIUS], np.s_[-PATCH_RADIUS:]):
            is_source[edge] = is_source[:, edge] = False
        if not is_source.any():
            return None
        centers, sources = np.argwhere(touches), np.argwhere(is_source)
        number = np.full(hole.shape, -1)
        number[tuple(centers.T)] = np.arange(len(centers))
        return cls(hole, centers, sources, is_source, number, np.random.default_rng(seed))

    def complete(self, image: RgbImage, field: FloatArray | None) -> FloatArray:
        """Completes an image (H, W, 3) with a first fill; returns the displacements (H, W, 2), in heights and widths.

        Args:
            image: the level; its hole is filled.
            field: displacements found at the coarser level, None at the coarsest.
        """
        pixels = image.astype(np.float32)
        found = self._start(field)
        shape = np.array(self.hole.shape)
        for _ in range(ROUNDS if max(self.hole.shape) < FINEST_SIDE else FINEST_ROUNDS):
            patches = _extract_patches(pixels)
            found, cost = self._improve(patches, found, self._cost(patches, found))
            pixels = self._average(pixels, found, cost)
        displacements = np.zeros((*self.hole.shape, 2), np.float32)
        displacements[tuple(self.centers.T)] = (found - self.centers) / shape
        return displacements

    def _start(self, field: FloatArray | None) -> IntArray:
        if field is None:
            return self.sources[self.rng.integers(len(self.sources), size=len(self.centers))]
        height, width = self.hole.shape
        resized = cv2.resize(field, (width, height), interpolation=cv2.INTER_NEAREST)
        moved = self.centers + resized[tuple(self.centers.T)] * [height, width]
        return self._nearest_source(np.round(moved).astype(np.intp))

    def _nearest_source(self, places: IntArray) -> IntArray:
        """Returns the places (n, 2), moved to the nearest source."""
        rows, columns = (np.clip(places[:, i], 0, self.hole.shape[i] - 1) for i in (0, 1))
        nearest = _nearest_known(~self.is_source)
        return np.asarray(nearest[:, rows, columns].T)

    def _improve(self, patches: FloatArray, found: IntArray, cost: FloatArray) -> tuple[IntArray, FloatArray]:
        """Tries the sources of neighbours, then random ones ever closer to the best."""
        for step in (8, 4, 2, 1):
            for direction in ((0, step), (0, -step), (step, 0), (-step, 0)):
                neighbours = np.clip(self.centers + direction, 0, np.array(self.hole.shape) - 1)
                number = self.number[tuple(neighbours.T)]
                candidates = np.where((number >= 0)[:, None], found[number] - (neighbours - self.centers), found)
                found, cost = self._keep_better(patches, found, cost, candidates)
        radius = max(self.hole.shape) / 2
        while radius >= 1:
            jumps = np.round(self.rng.uniform(-radius, radius, found.shape)).astype(np.intp)
            found, cost = self._keep_better(patches, found, cost, found + jumps)
            radius /= 3
        return found, cost

    def _keep_better(
        self, patches: FloatArray, found: IntArray, cost: FloatArray, candidates: IntArray
    ) -> tuple[IntArray, FloatArray]:
        inside = ((candidates >= 0) & (candidates < self.hole.shape)).all(axis=1) & (candidates != found).any(axis=1)
        rows = np.flatnonzero(inside)
        rows = rows[self.is_source[tuple(candidates[rows].T)]]
        new_cost = self._cost(patches, candidates[rows], rows)
        better = new_cost < cost[rows]
        found, cost = found.copy(), cost.copy()
        found[rows[better]], cost[rows[better]] = candidates[rows[better]], new_cost[better]
        return found, cost

    def _cost(self, patches: FloatArray, found: IntArray, rows: IntArray | None = None) -> FloatArray:
        """Returns the mean squared difference (n,) between patches and their sources, with the penalty of rows."""
        centers = self.centers if rows is None else self.centers[rows]
        width = self.hole.shape[1]
        difference = patches[centers @ [width, 1]] - patches[found @ [width, 1]]
        rise = (found[:, 0] - centers[:, 0]) / self.hole.shape[0]
        mean = np.einsum("ij,ij->i", difference, difference) / difference.shape[1]
        return np.asarray(mean + (ROW_PENALTY * rise) ** 2, np.float32)

    def _average(self, pixels: FloatArray, found: IntArray, cost: FloatArray) -> FloatArray:
        """Returns the image with every pixel of the hole as the weighted mean of the patches over it."""
        weight = np.exp(-cost / (2 * SIMILARITY_SCALE**2)) + 1e-6
        total = np.zeros_like(pixels)
        weights = np.zeros(self.hole.shape, np.float32)
        for offset in _OFFSETS:
            target = self.centers + offset
            inside = ((target >= 0) & (target < self.hole.shape)).all(axis=1)
            target, source = target[inside], found[inside] + offset
            total[target[:, 0], target[:, 1]] += weight[inside, None] * pixels[source[:, 0], source[:, 1]]
            weights[target[:, 0], target[:, 1]] += weight[inside]
        mean = total / np.maximum(weights, 1e-6)[..., None]
        return np.where(self.hole[..., None], mean, pixels)
