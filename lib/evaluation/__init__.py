"""Scores of partitions and spaces, and what they allow to be said."""

from lib.evaluation import comparison, disentanglement, health, ranking, statistics
from lib.evaluation.partition import (
    ami_by_attribute,
    external_scores,
    kept_together,
    mean_pairwise_ari,
    metric,
    score,
    score_noise,
)
from lib.evaluation.probes import chance_accuracy, knowledge, probe_accuracy
from lib.evaluation.resampling import Draws
from lib.evaluation.silhouettes import silhouette
from lib.evaluation.statistics import (
    Difference,
    Interval,
    compare,
    correct,
    interval,
    minus,
    summarise,
)

__all__ = [
    "Difference", "Draws", "Interval", "ami_by_attribute", "chance_accuracy", "compare",
    "comparison", "correct", "disentanglement", "external_scores", "health", "interval",
    "kept_together", "knowledge", "mean_pairwise_ari", "metric", "minus", "probe_accuracy",
    "ranking", "score", "score_noise", "silhouette", "statistics", "summarise",
]  # fmt: skip
