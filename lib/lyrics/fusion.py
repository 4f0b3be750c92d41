"""Hybrid features: what is heard and what is sung, side by side, track by track.

Each modality is a block, an array with one row per track. A track that lacks a modality, as one
without words does, has a row of NaN there, which nothing can take for a point in space.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from sklearn.impute import KNNImputer

from lib.errors import UserError


def _present(blocks: Mapping[str, np.ndarray]) -> np.ndarray:
    """Tell which track has which block, (N, n_blocks) of bool; refuse what cannot be used."""
    lengths = {name: len(block) for name, block in blocks.items()}
    if len(set(lengths.values())) != 1:
        raise UserError(f"blocks must have a row for each track, the same for all: {lengths}")
    finite = {name: np.isfinite(block) for name, block in blocks.items()}
    mask = np.column_stack([values.all(axis=1) for values in finite.values()])
    for column, (name, values) in zip(mask.T, finite.items(), strict=True):
        if (values.any(axis=1) != column).any():
            row = int((values.any(axis=1) != column).argmax())
            raise UserError(f"{name}: row {row} is NaN or infinite in part: give it as a whole")
    if not mask.any(axis=1).all():
        row = int((~mask.any(axis=1)).argmax())
        raise UserError(f"row {row} has none of {', '.join(blocks)}: leave that track out")
    return mask


def _scale(blocks: Mapping[str, np.ndarray]) -> dict[str, np.ndarray]:
    """Give each block the same weight in a distance: mean 0 and total variance 1.

    The total variance is the sum over the columns, on the tracks that have the block. Columns keep
    their proportions, so that the leading components of a text stay the leading ones; a block of
    384 columns weighs as much as one of 20.
    """
    scaled = {}
    for (name, block), there in zip(blocks.items(), _present(blocks).T, strict=True):
        if there.sum() < 2:
            raise UserError(f"{name}: {there.sum()} tracks have it, too few to scale it by")
        centred = block - block[there].mean(axis=0)
        variance = float(np.square(centred[there]).mean(axis=0).sum())
        if variance <= np.finfo(float).eps * np.square(block[there]).mean():
            raise UserError(f"{name} is the same for all tracks: there is nothing in it to cluster")
        scaled[name] = centred / np.sqrt(variance)
    return scaled


def concatenate(blocks: Mapping[str, np.ndarray]) -> np.ndarray:
    """Set blocks side by side as one space, each with mean 0 and the same total variance.

    A track that lacks a block borrows that of the track nearest to it in what it has: the words of
    what sounds most like it (hot-deck imputation: Andridge and Little 2010). So its place follows
    from what is known of it, and the block keeps its spread. With zeros, or with the mean of many,
    the tracks without words would lie close together, and a clustering would find the gaps in the
    data.

    Parameters
    ----------
    blocks : mapping of str to ndarray, (N, d) each
        NaN rows where a track lacks the block; without any, nothing is borrowed.

    Returns
    -------
    ndarray of float64, (N, sum of d)
        Finite throughout.

    Raises
    ------
    UserError
        When blocks differ in length, a row is NaN in part, a track has no block, fewer than two
        tracks have a block, a block does not vary, or no track has all blocks.
    """
    joined = np.concatenate(list(_scale(blocks).values()), axis=1)
    if not np.isfinite(joined).all(axis=1).any():
        raise UserError(f"no track has all of {', '.join(blocks)}: there is nothing to borrow from")
    return KNNImputer(n_neighbors=1).fit_transform(joined)


def fill_missing(blocks: Mapping[str, np.ndarray]) -> dict[str, np.ndarray]:
    """Scale blocks for a likelihood, fill their gaps, and say where these were.

    Each column gets mean 0 and variance 1 over the tracks that have it, as fits the Gaussian with
    unit variance of a decoder. (The scale of `concatenate`, a total variance of 1, is made for
    distances: against unit noise it leaves nothing to encode.) A missing row is filled with that of
    the nearest track, as by `concatenate`, or with 0 where no track has the block.

    Parameters
    ----------
    blocks : mapping of str to ndarray, (N, size) each
        NaN rows where a track lacks the block; one block may be missing for all tracks.

    Returns
    -------
    dict of str to ndarray
        The blocks by name, finite throughout, and ``mask`` (N, n_blocks) of 0 and 1.

    Raises
    ------
    UserError
        When blocks differ in length, a row is NaN in part, or a track has no block.
    """
    mask = _present(blocks)
    standard, filled = {}, {}
    for (name, block), there in zip(blocks.items(), mask.T, strict=True):
        known = block[there] if there.any() else np.zeros((1, block.shape[1]))
        deviation = known.std(axis=0)
        standard[name] = (block - known.mean(axis=0)) / np.where(deviation > 1e-9, deviation, 1)
    # Distances are those of the hybrid space, in which each modality has the same weight.
    joined = np.concatenate([b / np.sqrt(b.shape[1]) for b in standard.values()], axis=1)
    nearest = KNNImputer(n_neighbors=1, keep_empty_features=True).fit_transform(joined)
    ends = np.cumsum([block.shape[1] for block in standard.values()])[:-1]
    for (name, block), near in zip(standard.items(), np.split(nearest, ends, axis=1), strict=True):
        filled[name] = np.where(np.isnan(block), near * np.sqrt(block.shape[1]), block)
    return filled | {"mask": mask.astype(float)}


def sizes(data: Mapping[str, np.ndarray]) -> dict[str, int]:
    """Count the columns of each modality, without the mask, as the networks take them.

    Parameters
    ----------
    data : mapping of str to ndarray
        As of `fill_missing`.
    """
    return {name: block.shape[1] for name, block in data.items() if name != "mask"}
