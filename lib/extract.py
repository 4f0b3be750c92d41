"""Features of many tracks: in parallel, resumable, a bad track costs that track."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import joblib
import numpy as np
import pandas as pd
from threadpoolctl import threadpool_limits
from tqdm import tqdm

from lib import audio
from lib.errors import UserError


@dataclass(frozen=True)
class Features:
    """What was extracted, in the order of the tracks that were asked for.

    Attributes
    ----------
    vectors : DataFrame
        Indexed by ``track_id``, a column a feature.
    images : ndarray of float32, shape (N, n_mfcc, 128), or None
        The MFCC images, row for row with ``vectors``.
    skipped : DataFrame
        ``track_id``, ``path`` and a plain ``reason`` for each track that has no features.
    """

    vectors: pd.DataFrame
    images: np.ndarray | None
    skipped: pd.DataFrame


def _describe(path: str, n_mfcc: int, wide: bool) -> tuple[np.ndarray, np.ndarray] | str:
    try:
        with threadpool_limits(1):
            return audio.describe(path, n_mfcc)
    except audio.AudioError as error:
        return str(error)


def extract(
    tracks: pd.DataFrame,
    *,
    n_mfcc: int = 20,
    wide: bool = False,
    cache: str | Path | None = None,
    jobs: int | None = None,
) -> Features:
    """Extract the features of many tracks.

    Parameters
    ----------
    tracks : DataFrame
        Columns ``track_id`` (unique) and ``path``.
    n_mfcc : int
        How many MFCCs.
    wide : bool
        Also the columns of the GTZAN feature table.
    cache : str or Path, optional
        Folder of the feature store.
    jobs : int, optional
        How many processes; as many as there are cores where not said.

    Returns
    -------
    Features
        Row order is that of ``tracks``.

    Raises
    ------
    UserError
        No track can be used.
    """
    paths = tracks["path"].astype(str)
    parallel = joblib.Parallel(n_jobs=jobs or joblib.cpu_count(), return_as="generator")
    results = list(
        tqdm(
            parallel(joblib.delayed(_describe)(path, n_mfcc, wide) for path in paths),
            total=len(tracks),
            unit="track",
            delay=2,
            leave=False,
        )
    )
    good = np.array([not isinstance(result, str) for result in results])
    skipped = tracks.loc[~good, ["track_id", "path"]].reset_index(drop=True)
    skipped["reason"] = [result for result in results if isinstance(result, str)]
    if not good.any():
        first = f": {skipped['path'][0]!r}: {skipped['reason'][0]}" if len(skipped) else ""
        raise UserError(f"none of the {len(tracks)} tracks can be used{first}")
    usable = [result for result in results if not isinstance(result, str)]
    vectors = pd.DataFrame(
        np.array([vector for vector, _ in usable]),
        index=pd.Index(tracks.loc[good, "track_id"], name="track_id"),
        columns=audio.columns(n_mfcc),
    )
    return Features(vectors, np.array([image for _, image in usable]), skipped)
