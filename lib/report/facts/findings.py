"""What a run found: the best methods, what beta does, which differences hold."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import numpy as np
import pandas as pd
from scipy import stats

from lib.catalogue import REPRESENTATIONS, SCORES, Method
from lib.evaluation import Difference, compare, comparison, correct, health, minus, ranking
from lib.evaluation.statistics import HIGHER, LOWER
from lib.report import wording
from lib.report.display import Table

Facts = dict[str, str | bool]

METHOD_FIELDS = ["representation", "algorithm", "beta"]
PLAIN = "k-means on the standardised features"  # the pipeline that the chosen one is held against


def facts(folder: Path, rows: pd.DataFrame, score: str) -> Facts:
    """Return the facts of tidy rows and of the tables beside them."""
    easy, medium, hard = (rows[rows["task"] == task] for task in ("easy", "medium", "hard"))
    once = comparison.each_once(hard)
    found: Facts = {"easy": bool(len(easy)), "hard": bool(len(hard))}
    for name in ("cvae", "multimodal_vae", "vade"):
        found[name] = name in set(hard["representation"])
    found |= _orientation(easy) | _inputs(medium) | _sweep(hard, score)
    found |= _best(once, score, "hard") | _best(medium, score, "medium")
    found |= _rivals(medium, score)
    found |= _judged(_pairs(easy, medium, hard, score), score)
    found |= _disentanglement(folder / "disentanglement.csv") | _overall(once)
    return found | _pipelines(folder / "pipelines.csv")


def _orientation(rows: pd.DataFrame) -> Facts:
    """What chance reaches, how the true genres score by geometry, and what the VAE keeps."""
    found: Facts = {}
    chance, genres = (rows[rows["algorithm"] == name] for name in ("random", "genres"))
    if len(genres):
        found["genres_silhouette"] = wording.mean(genres["silhouette"])
        found["raw_silhouette"] = wording.mean(Method("raw").among(rows)["silhouette"])
        found["random_purity"] = wording.mean(chance["purity"])
        found["random_nmi"] = wording.mean(chance["nmi"])
    vae = Method("vae").among(rows)
    if len(vae):
        found |= {"vae_r2": wording.mean(vae["r2"]), "vae_kl": wording.mean(vae["kl"], ".2f")}
    return found


def _inputs(rows: pd.DataFrame) -> Facts:
    """What k-means makes of the wide features and of the narrow ones, by the genres."""
    scores = {name: Method(name).among(rows)["ami"].dropna() for name in ("spectral", "raw")}
    if not all(map(len, scores.values())):
        return {"inputs": False}
    return {"inputs": True} | {f"{name}_score": wording.mean(v) for name, v in scores.items()}


def _ranked(rows: pd.DataFrame, score: str, *families: str) -> pd.DataFrame:
    """Rank the methods that did not see the genres, of some families or of all; best first."""
    kinds = rows["representation"].map(REPRESENTATIONS.get)
    seen = [kind is not None and kind.conditioned_on == "genre" for kind in kinds]
    wanted = [not families or (kind is not None and kind.family in families) for kind in kinds]
    fair = rows[np.array(wanted, bool) & ~np.array(seen, bool)]
    table = ranking.by_score(fair.assign(beta=fair["beta"].fillna(0)), score, by=METHOD_FIELDS)
    return table.assign(key=[Method(*key) for key in table[METHOD_FIELDS].itertuples(index=False)])


def _best(rows: pd.DataFrame, score: str, task: str) -> Facts:
    """Which method of a task is best."""
    table = _ranked(rows, score)
    if not len(table):
        return {f"{task}_ranked": False}
    return {
        f"{task}_ranked": True,
        f"{task}_best": table["key"][0].noun,
        f"{task}_best_score": wording.mean(table["key"][0].among(rows)[score]),
        f"{task}_n_methods": f"{len(table)}",
    }


def _rivals(rows: pd.DataFrame, score: str) -> Facts:
    """How far the best of the Medium task is ahead, and whether the silhouette would choose it."""
    table, spaces = _ranked(rows, score), ["silhouette", "silhouette_shared"]
    if not len(table):
        return {"medium_best_learned": False, "medium_silhouettes_known": False}
    kind = REPRESENTATIONS.get(table["key"][0].representation)
    found: Facts = {"medium_best_learned": kind is None or kind.family not in ("baseline", "words")}
    close = int((table["high"].fillna(table["mean"]) >= table["low"][0]).sum()) - 1
    who = f"the interval of {wording.number(close)} other method reaches"
    if close > 1:
        who = f"the intervals of {wording.number(close)} other methods reach"
    found["medium_closeness"] = f"{who} into its own"
    if np.isnan(table["low"][0]):
        found["medium_closeness"] = "one seed cannot tell it from the next"
    means = pd.DataFrame([key.among(rows)[spaces].mean() for key in table["key"]], columns=spaces)
    means = means.assign(key=table["key"], score=table["mean"]).dropna()  # one cluster has none
    found["medium_silhouettes_known"] = score == "ami" and len(means) > 4
    if found["medium_silhouettes_known"]:
        for name in spaces:
            rho = stats.spearmanr(means[name], means["score"]).statistic
            found[f"medium_rho_{name}"] = minus(f"{rho:.2f}")
        place = int(means["silhouette"].to_numpy().argmax())
        found |= {
            "medium_silhouette_n": f"{len(means)}",
            "medium_silhouette_best": means["key"].iloc[place].noun,
            "medium_silhouette_best_value": f"{means['silhouette'].iloc[place]:.2f}",
            "medium_silhouette_best_place": wording.ordinal(place + 1),
        }
    return found


def _sweep(rows: pd.DataFrame, score: str) -> Facts:
    """What beta does: to reconstruction, to the silhouettes, to the headline, to the models."""
    rows = rows[(rows["representation"] == "beta_vae") & (rows["algorithm"] == "kmeans")]
    swept = dict(iter(rows.groupby("beta")))
    if len(swept) < 2:
        return {"sweep": False, "flattered": False}
    betas = list(swept)
    least, most = swept[betas[0]], swept[betas[-1]]
    best = max(swept, key=lambda beta: swept[beta][score].mean())
    peak = max(swept, key=lambda beta: swept[beta]["silhouette"].mean())
    poorer = swept[peak]["r2"].mean() < least["r2"].mean()
    no_better = swept[peak][score].mean() <= least[score].mean()
    where = []
    for beta, own in swept.items():
        verdicts = health.statuses(own)
        if dead := verdicts.count("collapsed"):
            some = "all" if dead == len(own) else f"{dead} of {len(own)}"
            where.append(f"{some} at β = {beta:g}")
    found: Facts = {
        "sweep": True,
        "collapses": f"{wording.listed(where)} collapsed" if where else "none collapsed",
        "betas": wording.listed([f"{beta:g}" for beta in betas]),
        "best_beta": f"{best:g}",
        "best_beta_score": wording.mean(swept[best][score]),
        "least_beta": f"{betas[0]:g}",
        "most_beta": f"{betas[-1]:g}",
        # the silhouette is highest where the model keeps less and the clusters are no better
        "flattered": bool(peak > betas[0] and poorer and no_better),
        "peak_beta": f"{peak:g}",
        "peak_r2": wording.moves(least["r2"], swept[peak]["r2"], ".2f"),
        "sweep_r2": wording.moves(least["r2"], most["r2"]),
        "sweep_shared": wording.moves(least["silhouette_shared"], most["silhouette_shared"]),
        "sweep_units": wording.moves(least["active_units"], most["active_units"], ".1f"),
    }
    for name, end in (("peak", swept[peak]), ("sweep", most)):
        found[f"{name}_silhouette"] = wording.moves(least["silhouette"], end["silhouette"])
        found[f"{name}_score"] = wording.moves(least[score], end[score])
    return found


def _pairs(
    easy: pd.DataFrame, medium: pd.DataFrame, hard: pd.DataFrame, score: str
) -> dict[str, tuple[str, str, Difference]]:
    """Return the comparisons of every run by name: what the two are called, and the difference."""
    vae, hard_vae = Method("vae"), Method("vae")
    if not len(hard_vae.among(hard)):
        hard_vae = Method("beta_vae", beta=1.0)
    wanted = {
        "vae_pca": (easy, vae, Method("pca")),
        "vae_raw": (easy, vae, Method("raw")),
        "vae_ae": (easy, vae, Method("ae")),
        "vae_untrained": (easy, vae, Method("random_encoder")),
        "tfidf_adds": (medium, Method("hybrid_tfidf"), Method("raw")),
        "sbert_adds": (medium, Method("hybrid_sbert"), Method("raw")),
        "conv1d_vae": (medium, Method("conv1d_vae"), vae),
        "conv2d_vae": (medium, Method("conv_vae"), vae),
        "cvae_vae": (hard, Method("cvae"), hard_vae),
        "joint_fusion": (hard, Method("multimodal_vae"), Method("hybrid_tfidf")),
        "poe_shared": (hard, Method("multimodal_poe"), Method("multimodal_vae")),
        "vade_vae": (hard, Method("vade", "mixture"), hard_vae),
        "leak_cvae": (hard, Method("cvae_genre"), hard_vae),
    }
    family, baseline = (_ranked(hard, score, family) for family in ("vae", "baseline"))
    if len(family) and len(baseline):
        wanted["family_baseline"] = (hard, family["key"][0], baseline["key"][0])
    pairs = {}
    for name, (rows, *sides) in wanted.items():
        first, second = (side.among(rows)[score].dropna() for side in sides)
        seeds = first.index.intersection(second.index)
        if len(seeds):
            full = name in ("vade_vae", "family_baseline")  # with the algorithm
            called = (side.noun if full else side.space_noun for side in sides)
            pairs[name] = (*called, compare(first[seeds], second[seeds]))
    return pairs


def _judged(pairs: Mapping[str, tuple[str, str, Difference]], score: str) -> Facts:
    """Say of each pair which is ahead; Holm's correction covers all of them together."""
    noun = SCORES[score].noun
    corrected = correct([difference for *_, difference in pairs.values()])
    judged = dict(zip(pairs, corrected, strict=True))
    clauses = {name: wording.clause(*pairs[name][:2], d, noun) for name, d in judged.items()}
    # the best against the best are known only afterwards
    fixed = {name: d for name, d in judged.items() if name != "family_baseline"}
    verdicts = {name: difference.verdict for name, difference in judged.items()}
    quoted = ("vae_pca", "family_baseline")
    found: Facts = {
        "compared": bool(pairs),
        "vae_wins": verdicts.get("vae_pca") == HIGHER,
        "vae_loses": verdicts.get("vae_pca") == LOWER,
        "family_wins": verdicts.get("family_baseline") == HIGHER,
        **{f"has_{name}": name in pairs for name in (*quoted, "leak_cvae")},
        **{name: clauses[name] for name in quoted if name in pairs},
    }
    if pairs:
        rows = [
            (*map(_titled, pairs[name][:2]), f"{d:+.3f}", d.verdict) for name, d in fixed.items()
        ]
        columns = ["Method", "Against", f"Difference in {noun}", "Verdict"]
        caption = "The comparisons that are made of every run."
        table = Table(pd.DataFrame(rows, columns=columns), caption, "tab-comparisons")
        found |= {"comparisons_table": table.markdown, "n_compared": wording.number(len(fixed))}
        held = [clauses[name] for name, difference in fixed.items() if difference.clear]
        count = f"{wording.number(len(held))} hold{'s' if len(held) == 1 else ''}"
        found["held"] = "none holds after correction"
        if held:
            found["held"] = f"{count} after correction: {'; '.join(held)}"
    return found


def _titled(noun: str) -> str:
    """Write what a sentence calls a space as the head of a table's row."""
    name = noun.removeprefix("the ")
    return name[:1].upper() + name[1:]


def _disentanglement(path: Path) -> Facts:
    """How well single dimensions match single factors, where factors are known."""
    if not path.exists():
        return {"disentanglement": False}
    table = pd.read_csv(path)
    table = table[table["space"] != "factors"]
    keys = table[["space", "beta"]].itertuples(index=False)
    spaces = [Method(space, beta=beta).space_noun for space, beta in keys]
    mig = pd.Series(table["mig"].to_numpy(), spaces)
    best = mig.groupby(level=0).mean().idxmax()
    return {
        "disentanglement": True,
        "mig_best": best,
        "mig_best_value": wording.mean(mig[[best]]),
        "mig_pca": wording.mean(mig[[Method("pca").space_noun]]),
        "mig_untrained": wording.mean(mig[[Method("random_encoder").space_noun]]),
    }


def _overall(rows: pd.DataFrame) -> Facts:
    """Who wins by the mean of ranks over all scores that can be compared."""
    table = ranking.table(rows) if len(rows) else pd.DataFrame({"place": []})
    table = table[table["place"].notna()]
    if not len(table):
        return {"overall": False}
    best = table.iloc[0]
    return {
        "overall": True,
        "overall_best": Method(*best[METHOD_FIELDS]).noun,
        "overall_rank": f"{best['mean_rank']:.1f}",
        "overall_n": f"{len(table)}",
    }


def _pipelines(path: Path) -> Facts:
    """What the pipeline reaches that was chosen without labels, where labels can tell."""
    table = pd.read_csv(path) if path.exists() else pd.DataFrame({"ami": []})
    if table["ami"].isna().all():
        return {"pipelines": False, "pipeline_wins": False, "pipeline_matched": False}
    best_by = table["best by"].fillna("")
    chosen = table[best_by.str.contains("agreement")].iloc[0]
    rival = table[best_by.str.contains("no network")].iloc[0]
    plain = table[table["what"] == PLAIN].iloc[0]
    difference = Difference(*map(float, chosen[["difference", "low", "high", "p"]]))
    beaten = difference.verdict == HIGHER
    return {
        "pipelines": True,
        "n_pipelines": wording.number(len(table)),
        "pipeline": chosen["what"],
        "pipeline_plain": wording.bounded(plain, "ami"),
        "pipeline_rival": rival["what"],
        "pipeline_rival_ami": wording.bounded(rival, "ami"),
        "pipeline_against": wording.clause("the chosen one", rival["what"], difference, "AMI"),
        "pipeline_wins": beaten,
        "pipeline_matched": difference.mean <= 0 or (not difference.fixed and not beaten),
        **{f"pipeline_{s}": wording.bounded(chosen, s) for s in ("ari", "ami", "purity")},
    }
