"""Trueorder's projector: keeps read models from the log that JetStream carries, exactly once."""

from projector.checkpoint import Checkpoint
from projector.errors import (
    CheckpointConflict,
    ConfigError,
    LogWentBack,
    PositionGap,
    ProjectionFailed,
    ProjectorError,
    ReadModelBehind,
    ReadModelIncomplete,
    ReadModelUnavailable,
)
from projector.projection import Projection

__all__ = [
    "Checkpoint",
    "CheckpointConflict",
    "ConfigError",
    "LogWentBack",
    "PositionGap",
    "Projection",
    "ProjectionFailed",
    "ProjectorError",
    "ReadModelBehind",
    "ReadModelIncomplete",
    "ReadModelUnavailable",
]
