"""Parameters of ``Observer``."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class ObserverOptions:
    """Parameters of tracking within perception."""

    detection_interval: int = 6
    """Maximum number of frames between runs of the detector while a person is in doubt or may be hidden."""
    max_detection_interval: int = 0
    """Maximum number of frames between any two runs of the detector; 0: ``detection_interval``."""
    min_presence: float = 0.5
    """Minimum presence of a person who is not lost."""
    min_visible_fraction: float = 0.1
    """Minimum fraction of a person's box that lies inside the frame."""
    max_occlusion: float = 0.7
    """Maximum fraction of occluded landmarks of a person who was observed in the previous frame."""
    max_occlusion_at_start: float = 0.4
    """Maximum fraction of occluded landmarks of a person who is new or was lost."""
    max_missed_frames: int = 15
    """Maximum number of frames for which a lost person is searched at the predicted position."""
    backfill_after: int = 3
    """Number of frames in a row after which a new person is tracked backward."""
    max_backfill: int = 15
    """Maximum number of past frames in which a person is tracked backward."""
    min_agreement: float = 0.4
    """Minimum similarity of a detection and of landmarks that show the same pose."""
    duplicate_similarity: float = 0.6
    """Minimum similarity of landmarks that belong to the same person."""
    second_network_interval: int = 5
    """Number of frames of a person from one run of the second network to the next."""
    min_presence_of_missed: float = 0.8
    """Minimum presence of a person whose detection is doubtful: of the second detector, or close to somebody else."""
