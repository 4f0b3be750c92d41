"""Facts of a run that the book's prose quotes: texts and conditions by name, from its results.

No number that a run determines is typed into the prose. It is computed here from the tables that
the notebooks left, as short as ``0.320 ± 0.029`` or as long as a clause where another result would
need other words. A fact that a corpus cannot give, without labels or words say, is absent, and the
prose asks for the condition (a fact that is true or false) before it speaks of it.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import numpy as np
import pandas as pd
from scipy import stats

from lib.catalogue import REPRESENTATIONS, SCORES, Method
from lib.errors import UserError
from lib.evaluation import comparison, health, statistics
from lib.evaluation import ranking as verdict
from lib.report import wording
from lib.report.display import Table
from lib.report.facts import corpus as corpus_facts
from lib.report.facts import training as hyperparameters
from lib.report.wording import Facts

BASELINES = ("raw", "spectral", "pca")
SEEING = ("cvae_genre",)  # saw the genres that it would be scored against
QUOTED = ("vae_pca", "leak_cvae", "family_baseline")
"""The comparisons that have a clause in the prose, and a condition, ``has_<name>``."""
PLAIN = "k-means on the standardised features"  # the idea that the chosen one is held against


def gather(folder: Path) -> Facts:
    """Compute all facts that a results folder gives.

    Parameters
    ----------
    folder : Path
        With ``clustering_metrics.csv``, ``skipped.csv``, the note of the corpus, ``models/`` and
        ``latents/``, as notebooks and ``music-clustering prepare`` leave them.

    Returns
    -------
    dict of str to (str or bool)
        Texts, and conditions. Every condition is always there; a text only where it makes sense.

    Raises
    ------
    UserError
        Where the tables of the run, or the note of its corpus, are missing.
    """
    table = folder / "clustering_metrics.csv"
    if not table.exists():
        raise UserError(f"{table} is missing: run the notebooks first (make report)")
    rows = pd.read_csv(table)
    facts = corpus_facts.facts(folder, rows)
    score = "ami" if facts["labelled"] else "silhouette_shared"
    facts["score"] = SCORES[score].noun
    tasks = {task: rows[rows["task"] == task] for task in ("easy", "medium", "hard")}
    facts |= {task: bool(len(own)) for task, own in tasks.items()}
    spaces = set(tasks["hard"]["representation"])
    for name in ("cvae", "cvae_genre", "multimodal_vae", "multimodal_poe", "vade"):
        facts[name] = name in spaces
    facts |= _orientation(tasks["easy"])
    facts |= _inputs(tasks["medium"])
    facts |= _sweep(tasks["hard"], score)
    once = comparison.each_once(tasks["hard"])
    for task, own in (("medium", tasks["medium"]), ("hard", once)):
        facts |= {f"{task}_{name}": fact for name, fact in _ranking(own, score).items()}
    facts |= _judged(_pairs(tasks, score), score)
    facts |= _disentanglement(folder / "disentanglement.csv")
    facts |= _overall(once)
    facts |= _ideas(folder / "ideas.csv")
    facts |= hyperparameters.facts(folder / "models")
    facts["fewness"] = corpus_facts.fewness(facts)
    return facts


def _orientation(rows: pd.DataFrame) -> Facts:
    """What chance reaches, and how the true genres score by their geometry."""
    facts: Facts = {}
    chance = rows[rows["algorithm"] == "random"]
    genres = rows[rows["algorithm"] == "genres"]
    if len(genres):
        facts["genres_silhouette"] = wording.minus(f"{genres['silhouette'].iloc[0]:.3f}")
        facts["raw_silhouette"] = wording.mean(Method("raw").among(rows)["silhouette"])
        facts["random_purity"] = wording.mean(chance["purity"])
        facts["random_nmi"] = wording.mean(chance["nmi"])
    for name in ("raw", "pca", "ae", "vae", "random_encoder"):
        own = Method(name).among(rows)
        if len(own) and own["ami"].notna().any():
            facts[f"easy_{name}"] = wording.mean(own["ami"])
    vae = Method("vae").among(rows)
    if len(vae):
        facts |= {"vae_r2": wording.mean(vae["r2"]), "vae_kl": wording.mean(vae["kl"], ".2f")}
        facts["vae_units"] = f"{vae['active_units'].mean():.0f}"
    return facts


def _inputs(rows: pd.DataFrame) -> Facts:
    """What k-means makes of the wide features and of the narrow ones, by the genres."""
    scores = {name: Method(name).among(rows)["ami"].dropna() for name in ("spectral", "raw")}
    if not all(map(len, scores.values())):
        return {"inputs": False}
    texts = {f"{name}_score": wording.mean(values) for name, values in scores.items()}
    return {"inputs": True, **texts}


def _ranking(rows: pd.DataFrame, score: str) -> Facts:
    """Which method is best, how many cannot be told from it, and what the silhouette thinks."""
    fair = rows[~rows["representation"].isin(SEEING)].assign(beta=rows["beta"].fillna(0))
    by = ["representation", "algorithm", "beta"]
    table = comparison.ranking(fair, score, by=by) if len(fair) else pd.DataFrame()
    if not len(table):
        return {"ranked": False, "best_learned": False, "silhouettes_known": False}
    methods = [Method(*row) for row in table[by].itertuples(index=False)]
    best = methods[0]
    own = best.among(rows)
    facts: Facts = {
        "ranked": True,
        "best": best.noun,
        "best_score": wording.mean(own[score]),
        "n_methods": f"{len(table)}",
        "n_spaces": wording.number(len({method.space_noun for method in methods})),
        "best_learned": best.representation not in (*BASELINES, *corpus_facts.WORDS),
    }
    for name in ("nmi", "ari", "purity"):
        if own[name].notna().any():
            facts[f"best_{name}"] = wording.mean(own[name])
    if np.isnan(table["low"][0]):
        facts["closeness"] = "one seed cannot tell it from the next"
    else:
        close = int((table["high"].fillna(table["mean"]) >= table["low"][0]).sum()) - 1
        facts["closeness"] = {
            0: "the interval of no other method reaches into its own",
            1: "the interval of one other method reaches into its own",
        }.get(close, f"the intervals of {wording.number(close)} other methods reach into its own")
    spaces = ["silhouette", "silhouette_shared"]
    means = pd.DataFrame([method.among(rows)[spaces].mean() for method in methods])
    means = means.assign(method=methods, score=table["mean"]).dropna()  # one cluster has none
    facts["silhouettes_known"] = score == "ami" and len(means) > 4
    if facts["silhouettes_known"]:
        for name in spaces:
            rho = stats.spearmanr(means[name], means["score"]).statistic
            facts[f"rho_{name}"] = wording.minus(f"{rho:.2f}")
        place = int(means["silhouette"].to_numpy().argmax())
        facts["silhouette_n"] = f"{len(means)}"
        facts["silhouette_best"] = means["method"].iloc[place].noun
        facts["silhouette_best_value"] = f"{means['silhouette'].iloc[place]:.2f}"
        facts["silhouette_best_place"] = wording.ordinal(place + 1)
    return facts


def _sweep(rows: pd.DataFrame, score: str) -> Facts:
    """What beta does: to reconstruction, to the silhouettes, to the headline, to the models."""
    rows = rows[(rows["representation"] == "beta_vae") & (rows["algorithm"] == "kmeans")]
    betas = sorted(rows["beta"].unique())
    if len(betas) < 2:
        return {"sweep": False, "collapsed": False, "flattered": False}
    swept = {beta: rows[rows["beta"] == beta] for beta in betas}
    least, most = swept[betas[0]], swept[betas[-1]]
    means = {beta: own[score].mean() for beta, own in swept.items()}
    best = max(means, key=means.get)
    peak = max(swept, key=lambda beta: swept[beta]["silhouette"].mean())
    poorer = swept[peak]["r2"].mean() < least["r2"].mean() and means[peak] <= means[betas[0]]
    verdicts = {
        beta: [health.verdict(m.r2, m.kl, m.active_units) for m in own.itertuples()]
        for beta, own in swept.items()
    }
    dead = {beta: own.count("collapsed") for beta, own in verdicts.items()}
    where = [
        f"{'all' if dead[beta] == len(own) else f'{dead[beta]} of {len(own)}'} at β = {beta:g}"
        for beta, own in swept.items()
        if dead[beta]
    ]
    return {
        "sweep": True,
        "collapsed": bool(where),
        "collapses": f"{wording.listed(where)} collapsed" if where else "none collapsed",
        "betas": wording.listed([f"{beta:g}" for beta in betas]),
        "best_beta": f"{best:g}",
        "best_beta_score": wording.mean(swept[best][score]),
        "least_beta": f"{betas[0]:g}",
        "most_beta": f"{betas[-1]:g}",
        # the silhouette is highest where the model keeps less and the clusters are no better
        "flattered": bool(peak > betas[0] and poorer),
        "peak_beta": f"{peak:g}",
        "peak_r2": wording.moves(least["r2"], swept[peak]["r2"], ".2f"),
        "peak_silhouette": wording.moves(least["silhouette"], swept[peak]["silhouette"]),
        "peak_score": wording.moves(least[score], swept[peak][score]),
        "sweep_r2": wording.moves(least["r2"], most["r2"]),
        "sweep_silhouette": wording.moves(least["silhouette"], most["silhouette"]),
        "sweep_shared": wording.moves(least["silhouette_shared"], most["silhouette_shared"]),
        "sweep_score": wording.moves(least[score], most[score]),
        "sweep_units": wording.moves(least["active_units"], most["active_units"], ".1f"),
    }


def _pairs(
    tasks: Mapping[str, pd.DataFrame], score: str
) -> dict[str, tuple[str, str, pd.Series, pd.Series]]:
    """Return the comparisons that the prose quotes: names, and scores by seed."""
    vae, hard_vae = Method("vae"), Method("vae")
    if not len(hard_vae.among(tasks["hard"])):
        hard_vae = Method("beta_vae", beta=1.0)
    wanted = {
        "vae_pca": ("easy", vae, Method("pca")),
        "vae_raw": ("easy", vae, Method("raw")),
        "vae_ae": ("easy", vae, Method("ae")),
        "vae_untrained": ("easy", vae, Method("random_encoder")),
        "tfidf_adds": ("medium", Method("hybrid_tfidf"), Method("raw")),
        "sbert_adds": ("medium", Method("hybrid_sbert"), Method("raw")),
        "conv1d_vae": ("medium", Method("conv1d_vae"), vae),
        "conv2d_vae": ("medium", Method("conv_vae"), vae),
        "cvae_vae": ("hard", Method("cvae"), hard_vae),
        "joint_fusion": ("hard", Method("multimodal_vae"), Method("hybrid_tfidf")),
        "poe_shared": ("hard", Method("multimodal_poe"), Method("multimodal_vae")),
        "vade_vae": ("hard", Method("vade", "mixture"), hard_vae),
        "leak_cvae": ("hard", Method("cvae_genre"), hard_vae),
    }
    best = {side: _best(tasks["hard"], score, side) for side in ("family", "baseline")}
    pairs = {}
    if all(best.values()):
        wanted["family_baseline"] = ("hard", best["family"], best["baseline"])
    for name, (task, *sides) in wanted.items():
        first, second = (side.among(tasks[task])[score].dropna() for side in sides)
        seeds = first.index.intersection(second.index)
        if len(seeds):
            with_algorithm = name in ("vade_vae", "family_baseline")
            called = [m.noun if with_algorithm else m.space_noun for m in sides]
            pairs[name] = (*called, first[seeds], second[seeds])
    return pairs


def _best(rows: pd.DataFrame, score: str, side: str) -> Method | None:
    """Return the best method of the VAE's family, or of what needs no training, if any."""
    family = rows["representation"].str.contains("vae|vade|multimodal")
    baseline = rows["representation"].isin(BASELINES)
    chosen = rows[
        {"family": family, "baseline": baseline}[side] & ~rows["representation"].isin(SEEING)
    ]
    by = ["representation", "algorithm", "beta"]
    table = comparison.ranking(chosen.assign(beta=chosen["beta"].fillna(0)), score, by=by)
    return Method(*table.loc[0, by]) if len(table) else None


def _judged(pairs: Mapping[str, tuple], score: str) -> Facts:
    """Say of each pair which is ahead; Holm's correction covers all of them together."""
    p = statistics.holm([statistics.p_value(first, second) for *_, first, second in pairs.values()])
    facts: Facts = {"vae_wins": False, "vae_loses": False, "family_wins": False}
    facts["compared"] = bool(pairs)
    fixed, held = [], []  # the best against the best are known only afterwards
    for (name, (a, b, first, second)), adjusted in zip(pairs.items(), p, strict=True):
        difference = statistics.interval(first - second)
        clear = adjusted < 0.05
        facts[name] = wording.clause(
            a, b, difference, clear, np.isnan(adjusted), SCORES[score].noun
        )
        if name != "family_baseline":
            side = wording.side(difference, clear, np.isnan(adjusted))
            fixed.append([wording.title(a), wording.title(b), wording.signed(difference), side])
            held += [facts[name]] if clear else []
        if name == "vae_pca":
            facts["vae_wins"] = bool(clear and difference.mean > 0)
            facts["vae_loses"] = bool(clear and difference.mean < 0)
        if name == "family_baseline":
            facts["family_wins"] = bool(clear and difference.mean > 0)
    if pairs:
        columns = ["Method", "Against", f"Difference in {SCORES[score].noun}", "Verdict"]
        caption = "The comparisons that are made of every run."
        table = Table(pd.DataFrame(fixed, columns=columns), caption, "tab-comparisons")
        facts["comparisons_table"] = table.markdown
        facts["n_compared"] = wording.number(len(fixed))
        facts["held"] = (
            f"{wording.number(len(held))} hold{'s' if len(held) == 1 else ''} after correction: "
            + "; ".join(held)
            if held
            else "none holds after correction"
        )
    return facts | {f"has_{name}": name in pairs for name in QUOTED}


def _disentanglement(path: Path) -> Facts:
    """How well single dimensions match single factors, where factors are known."""
    if not path.exists():
        return {"disentanglement": False}
    table = pd.read_csv(path)
    table = table[
        table["space"].isin(set(REPRESENTATIONS) - {"factors"})
    ]  # not the factors themselves
    spaces = [
        Method(name, beta=beta).space_noun
        for name, beta in zip(table["space"], table["beta"], strict=True)
    ]
    values = table["mig"].groupby(spaces).mean()
    best = values.idxmax()
    facts: Facts = {"disentanglement": True, "mig_best": best}
    facts["mig_best_value"] = wording.mean(table.loc[np.array(spaces) == best, "mig"])
    facts["mig_pca"] = wording.mean(table.loc[table["space"] == "pca", "mig"])
    facts["mig_untrained"] = wording.mean(table.loc[table["space"] == "random_encoder", "mig"])
    return facts


def _overall(rows: pd.DataFrame) -> Facts:
    """Who wins by the mean of ranks over all scores that can be compared."""
    table = verdict.table(rows) if len(rows) else pd.DataFrame({"place": []})
    table = table[table["place"].notna()]
    if not len(table):
        return {"overall": False}
    best = table.iloc[0]
    return {
        "overall": True,
        "overall_best": Method(best["representation"], best["algorithm"], best["beta"]).noun,
        "overall_rank": f"{best['mean_rank']:.1f}",
        "overall_n": f"{len(table)}",
    }


def _ideas(path: Path) -> Facts:
    """What the idea reaches that was chosen without labels, where labels can tell."""
    table = pd.DataFrame({"ami": []})
    if path.exists():
        table = pd.read_csv(path, dtype=str, keep_default_na=False).set_index("what", drop=False)
    if not any(table["ami"]):
        return {"ideas": False, "idea_wins": False, "idea_matched": False}
    chosen = table[table["best by"].str.contains("agreement")].iloc[0]
    rival = table[table["best by"].str.contains("no network")].iloc[0]
    bounds = (float(chosen[bound] or "nan") for bound in ("difference", "low", "high"))
    difference, clear = statistics.Interval(*bounds), chosen["clear"] == "True"
    judged = difference.half > 1e-9
    return {
        "ideas": True,
        "n_ideas": wording.number(len(table)),
        "idea": chosen["what"],
        "idea_plain": wording.minus(table.loc[PLAIN, "ami"]),
        "idea_rival": rival["what"],
        "idea_rival_ami": wording.minus(rival["ami"]),
        "idea_against": wording.clause(
            "the chosen one", rival["what"], difference, clear, not judged, "AMI"
        ),
        "idea_wins": clear and difference.mean > 0,
        "idea_matched": difference.mean <= 0 or (judged and not clear),
        **{f"idea_{s}": wording.minus(chosen[s]) for s in ("ari", "nmi", "ami", "purity")},
    }
