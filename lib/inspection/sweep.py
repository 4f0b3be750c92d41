"""A sweep over beta: what more pressure on the code buys, and what it costs.

All networks of a sweep are one `Ensemble`: ``training.train(architecture, data, **grid(seeds,
betas))``. From it come tidy tables, one row per network, or per network and latent dimension.
"""

from __future__ import annotations

import numpy as np
import pandas as pd
import torch

from lib import models
from lib.evaluation import health, statistics
from lib.runtime import one_thread
from lib.training import Ensemble

COMPARED = ["silhouette", "silhouette_shared", "ami"]


def table(ensemble: Ensemble) -> pd.DataFrame:
    """Describe each network of a sweep by its rate, its distortion and the state of its code.

    The ensemble is of a VAE with a standard normal prior. Rate and distortion are the two terms of
    the ELBO (Alemi et al. 2018, arXiv 1711.00464); R2 is that of the reconstruction from the
    posterior mean, so that it does not see the noise that the distortion pays for.

    By beta and seed: ``beta``, ``seed``, ``rate`` (KL in nats per track), ``distortion`` (0.5 x
    squared error in nats per track, mean over tracks with one draw of the code each), ``r2``,
    ``active_units``, ``correlation`` (mean absolute correlation between the active latents; NaN for
    fewer than two), ``variance`` (of the posterior mean over tracks, mean over all latents),
    ``total_correlation`` (nats; NaN likewise), ``verdict``.
    """
    codes = zip(ensemble.z, _kl(ensemble), strict=True)
    active = [z[:, health.active_units(z, kl)] for z, kl in codes]
    table = ensemble.health.rename(columns={"kl": "rate"}).assign(
        distortion=[_distortion(ensemble, index) for index in range(len(ensemble.runs))],
        variance=ensemble.z.var(axis=1).mean(axis=1),
        correlation=[health.mean_correlation(z) for z in active],
        total_correlation=[
            health.total_correlation(z) if z.shape[1] > 1 else np.nan for z in active
        ],
    )
    order = ["beta", "seed", "rate", "distortion", "r2", "active_units", "correlation", "variance"]
    table = table[[*order, "total_correlation", "verdict"]]
    return table.sort_values(["beta", "seed"], ignore_index=True)


def dimensions(ensemble: Ensemble) -> pd.DataFrame:
    """Describe each latent dimension of each network of a VAE with a standard normal prior.

    By beta, seed and rank: ``beta``, ``seed``, ``rank`` (1 has the largest KL), ``dimension`` (its
    index in the code), ``kl`` (nats, mean over tracks), ``variance`` (of the posterior mean over
    tracks), ``active``.
    """
    tables = []
    for run, z, kl in zip(ensemble.runs, ensemble.z, _kl(ensemble), strict=True):
        order = np.argsort(-kl, kind="stable")
        table = {"beta": run.settings.beta, "seed": run.settings.seed}
        table |= {"rank": np.arange(1, len(kl) + 1), "dimension": order}
        table |= {"kl": kl[order], "variance": z.var(axis=0)[order]}
        tables.append(pd.DataFrame(table | {"active": health.active_units(z, kl)[order]}))
    table = pd.concat(tables)
    return table.sort_values(["beta", "seed", "rank"], ignore_index=True)


def _kl(ensemble: Ensemble) -> np.ndarray:
    """Mean KL of each latent dimension of each network from N(0, 1), (M, d), in nats."""
    code = (torch.as_tensor(part, dtype=torch.float64) for part in (ensemble.z, ensemble.logvar))
    return models.gaussian_kl(*code).mean(dim=1).numpy()


def _distortion(ensemble: Ensemble, index: int) -> float:
    """Reconstruction term of the ELBO of one network, in nats per track."""
    network = ensemble.network(index)
    generator = torch.Generator().manual_seed(int(ensemble.seeds[index]))
    terms = []
    with one_thread(), torch.no_grad():
        for x in ensemble.tracks.chunks():
            mean = network.encode(x)[0]
            noise = torch.randn(
                *mean.shape[:2], network.noise_dim, generator=generator, dtype=mean.dtype
            )
            terms.append(network.loss(x, noise).reconstruction[0])
    return float(torch.cat(terms).mean())


def with_scores(table: pd.DataFrame, rows: pd.DataFrame) -> pd.DataFrame:
    """Set beside each network of a `table` what k-means makes of its space, from tidy rows.

    Adds ``silhouette`` (in the network's own space), ``silhouette_shared`` and ``ami``; NaN where a
    network has no row of ``beta_vae``.
    """
    ours = (rows["representation"] == "beta_vae") & (rows["algorithm"] == "kmeans")
    scores = rows.loc[ours, ["beta", "seed", *COMPARED]].astype({"beta": float})
    return table.merge(scores, on=["beta", "seed"], how="left", validate="one_to_one")


def misleading(table: pd.DataFrame) -> pd.DataFrame:
    """Find the betas at which the silhouette praises a model that is dying, from `with_scores`.

    Each beta is compared, seed by seed, with the smallest one of the sweep, which presses least.
    One row per beta above the smallest: ``beta``, ``reference`` (the smallest), for each of
    ``silhouette``, ``silhouette_shared``, ``ami``, ``r2`` and ``active_units`` its mean there, at
    the reference (``<name>_before``), and the change with its 95% interval (``<name>_change``,
    ``_low``, ``_high``); ``collapsed`` (how many of the ``seeds`` networks) and ``misleading``: the
    silhouette rises, R2 or the active units fall, and the AMI (without labels: the shared
    silhouette) does not rise. With several seeds, to rise or to fall is to be clear of zero; with
    one it is the sign of the difference.
    """
    table = table.sort_values(["beta", "seed"])
    reference = table["beta"].min()
    before = table[table["beta"] == reference].set_index("seed")
    honest = "ami" if table["ami"].notna().any() else "silhouette_shared"
    found = []
    for beta, group in table[table["beta"] > reference].groupby("beta"):
        after = group.set_index("seed")
        fact = {"beta": beta, "reference": reference, "seeds": len(after)}
        fact["collapsed"] = int((after["verdict"] == "collapsed").sum())
        trend = {}
        for name in [*COMPARED, "r2", "active_units"]:
            pair = after[name].align(before[name], join="inner")
            change = statistics.compare(*pair)
            trend[name] = _trend(change)
            fact |= {name: after[name].mean(), f"{name}_before": before[name].mean()}
            fact |= {f"{name}_change": change.mean}
            fact |= {f"{name}_low": change.low, f"{name}_high": change.high}
        dying = min(trend["r2"], trend["active_units"]) < 0
        fact["misleading"] = bool(trend["silhouette"] > 0 and dying and trend[honest] <= 0)
        found.append(fact)
    return pd.DataFrame(found)


def _trend(change: statistics.Difference) -> int:
    """Tell the direction of a change: 1, -1, or 0 where it is inside the noise or unknown."""
    judged = change.clear or change.fixed  # without a spread the sign has to do
    return int(np.sign(np.nan_to_num(change.mean))) if judged else 0


def titles(table: pd.DataFrame) -> dict[float, str]:
    """Name each beta, with the verdict on it where most of its networks are not healthy."""
    named = {}
    for beta, verdicts in table.groupby("beta")["verdict"]:
        commonest = verdicts.mode()[0]
        named[beta] = f"β {beta:g}" + ("" if commonest == "healthy" else f" ({commonest})")
    return named
