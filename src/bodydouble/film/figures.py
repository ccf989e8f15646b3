"""Figures: characters with their poses in the frames of a film."""

from collections.abc import Sequence
from dataclasses import dataclass

from bodydouble.data import Character, FloatArray, MorphWeights
from bodydouble.render.preview import JointMatrixSequence


@dataclass(frozen=True, slots=True)
class Figure:
    """A character with its pose in T contiguous frames of a film."""

    character: Character
    joint_matrices: JointMatrixSequence
    """(T, J, 4, 4) world_from_joint."""
    opacity: FloatArray
    """(T,) 0 to 1; 0: the character is not drawn."""
    first_frame: int = 0
    """Frame of the film at which the poses start."""
    morph_weights: MorphWeights | None = None
    """(T, K) weights of the morph targets of each mesh; None: those at rest."""

    def row(self, frame: int) -> int | None:
        """Returns the row of a frame of the film, or None where the character is absent or not drawn."""
        row = frame - self.first_frame
        return row if 0 <= row < len(self.opacity) and self.opacity[row] > 0 else None


@dataclass(frozen=True, slots=True)
class FramePoses:
    """Poses of all figures in one frame, None where one is absent, as renderers take them."""

    rows: tuple[int | None, ...]
    """Row of the poses of each figure."""
    joint_matrices: list[FloatArray | None]
    morph_weights: list[MorphWeights | None]
    opacities: tuple[float, ...]
    """Opacity of each figure; 0 where it is absent."""

    @property
    def is_empty(self) -> bool:
        """Whether nobody is drawn."""
        return all(row is None for row in self.rows)

    def keep_opaque(self, min_opacity: float) -> "FramePoses":
        """Returns the poses of the figures with an opacity of at least ``min_opacity``; the others are absent."""
        kept = [opacity >= min_opacity for opacity in self.opacities]
        return FramePoses(
            tuple(row if keep else None for row, keep in zip(self.rows, kept, strict=True)),
            [matrices if keep else None for matrices, keep in zip(self.joint_matrices, kept, strict=True)],
            [weights if keep else None for weights, keep in zip(self.morph_weights, kept, strict=True)],
            tuple(opacity if keep else 0.0 for opacity, keep in zip(self.opacities, kept, strict=True)),
        )


def poses_in_frame(figures: Sequence[Figure], frame: int) -> FramePoses:
    """Returns the poses of all figures in a frame of the film."""
    rows = tuple(figure.row(frame) for figure in figures)
    pairs = list(zip(figures, rows, strict=True))
    return FramePoses(
        rows,
        [None if row is None else figure.joint_matrices[row] for figure, row in pairs],
        [None if row is None else _weights_in_row(figure.morph_weights, row) for figure, row in pairs],
        tuple(0.0 if row is None else float(figure.opacity[row]) for figure, row in pairs),
    )


def _weights_in_row(weights: MorphWeights | None, row: int) -> MorphWeights | None:
    return None if weights is None else tuple(None if values is None else values[row] for values in weights)
