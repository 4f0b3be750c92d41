"""The Hard study, in which all representations meet: its own networks, and those of all tasks."""

from __future__ import annotations

import numpy as np
import pandas as pd

from lib import audio, lyrics, models, training
from lib.catalogue import REPRESENTATIONS
from lib.errors import Missing, UserError, unless_missing
from lib.evaluation import chance_accuracy, comparison, knowledge, probe_accuracy, ranking
from lib.files import write_csv
from lib.inspection import Traversal, stages, traversed
from lib.settings import SweepSettings
from lib.study import factors, pipelines
from lib.study.representation import Representation, Scores, representation
from lib.study.study import Study
from lib.training import Ensemble

NO_FACTORS = Missing(
    "Nobody knows what varies in this corpus, so nothing can be measured here: the label-free "
    "measures of the sweep above have to do."
)
TOO_FEW = Missing("There are too few tracks here for pipelines on all features.")


class HardStudy(Study):
    """A study with the networks of the Hard task; parameters as of `Study`."""

    settings_type = SweepSettings

    def sweep(self) -> Ensemble:
        """Train the VAE at each beta with each seed: all networks of one call."""
        return self.learn("beta_vae", models.VAE, **training.grid(self.seeds, self.settings.betas))

    def earlier(self) -> dict[str, Ensemble]:
        """Return the networks of the tasks before: loaded, where those have been run."""
        networks = {
            "ae": self.learn("ae", models.Autoencoder),
            "vae": self.learn("vae", models.VAE),
            "conv1d_vae": self.learn("conv1d_vae", models.Conv1dVAE),
        }
        if self.data.has_audio:
            networks["conv_vae"] = self.learn("conv_vae", models.ConvVAE, self.data.images)
        return networks

    def conditional(self) -> dict[str, Ensemble]:
        """Train CVAEs given the language and the genre, unless fewer than two are known of one."""
        networks = {}
        for name in ("cvae", "cvae_genre"):
            try:
                condition, names = models.one_hot(self._condition(name))
            except UserError:
                continue
            data = {"x": self.data.inputs, "condition": condition}
            sizes = {"n_features": self.data.inputs.shape[1], "n_conditions": len(names)}
            networks[name] = self.learn(name, models.CVAE, data, **sizes)
        return networks

    def _condition(self, name: str) -> np.ndarray:
        return self.data.attributes[REPRESENTATIONS[name].conditioned_on]

    def multimodal(self) -> dict[str, Ensemble]:
        """Train the VAEs of sound and words, by name; none where there are no words."""
        if "tfidf" not in self.data.text_vectors:
            return {}
        both = {"audio": self.data.inputs, "text": self.data.text_vectors["tfidf"]}
        data = lyrics.fill_missing(both)
        networks = {
            "multimodal_vae": models.MultimodalVAE,
            "multimodal_poe": models.ProductOfExpertsVAE,
        }
        sizes = lyrics.sizes(data)
        return {name: self.learn(name, n, data, sizes=sizes) for name, n in networks.items()}

    def vade(self) -> Ensemble:
        """Train VaDE with as many components as there are clusters."""
        return self.learn("vade", models.VaDE, n_clusters=self.data.n_clusters)

    def probe_conditions(self, networks: dict[str, Ensemble]) -> pd.DataFrame:
        """Probe conditional codes for what their networks were given, and the plain VAE's code.

        Returns
        -------
        DataFrame
            One row per conditional network: the ``attribute``, ``chance``, and the balanced
            accuracies of a linear probe in the ``conditional`` and in the ``plain`` code.
        """
        rows = []
        for name in [name for name in networks if name.startswith("cvae")]:
            labels = self._condition(name)
            row = {"attribute": REPRESENTATIONS[name].conditioned_on}
            row["chance"] = chance_accuracy(labels)
            for codes in zip(networks[name].z, networks["vae"].z, strict=True):
                conditional, plain = (probe_accuracy(z, labels) for z in codes)
                rows.append(row | {"conditional": conditional, "plain": plain})
        return pd.DataFrame(rows, columns=["attribute", "chance", "conditional", "plain"])

    def pipelines(self) -> pd.DataFrame | Missing:
        """Run all pipelines on all features with all seeds: see `lib.study.pipelines`."""
        if len(self.data.truth) < pipelines.fewest(self.data.n_clusters):
            return TOO_FEW
        return pipelines.run(
            self.data.wide_features,
            self.data.truth,
            self.data.n_clusters,
            self.seeds,
            folder=self.folder,
            epochs=self.settings.epochs,
            device=self.settings.device,
        )

    @unless_missing
    def rank_pipelines(self, rows: pd.DataFrame) -> pd.DataFrame:
        """Rank pipelines by `lib.study.pipelines.summary`, and write ``pipelines.csv``."""
        summary = pipelines.summary(rows)
        write_csv(self.folder / "pipelines.csv", summary)
        return summary

    def factors(self) -> factors.Factors | Missing:
        """Return clips whose factors are known; only the demo corpus has such."""
        demo = self.data.corpus.name == "demo"
        return factors.load(self.settings.data_dir) if demo else NO_FACTORS

    @unless_missing
    def factor_spaces(self, known: factors.Factors) -> list[Representation]:
        """Return the sweep trained on these clips, with PCA, an untrained encoder, the factors."""
        grid = training.grid(self.seeds, self.settings.betas)
        swept = self.learn("factors_vae", models.VAE, known.inputs, **grid)
        return [
            *by_beta(swept),
            Representation("pca", known.components(self.settings.latent_dim)[None]),
            Representation("random_encoder", self.untrained(models.VAE, known.inputs).z),
            Representation("factors", known.oracle),
        ]

    @unless_missing
    def disentanglement(self, spaces: list[Representation], known: factors.Factors) -> pd.DataFrame:
        """Measure how disentangled spaces are, and write it to ``disentanglement.csv``.

        Returns
        -------
        DataFrame
            ``space`` as tables call it, ``beta``, ``seed``, `disentanglement.MEASURES` and
            ``health``, the verdict on the network, empty where it has none.
        """
        rows = factors.evaluate(spaces, known.levels)
        written = rows.assign(space=rows["representation"]).drop(columns="representation")
        write_csv(self.folder / "disentanglement.csv", written)
        return rows.drop(columns="representation")

    @unless_missing
    def correlate(self, measured: pd.DataFrame, rows: pd.DataFrame) -> pd.DataFrame:
        """Correlate disentanglement with the headline score: see `lib.study.factors.correlate`."""
        return factors.correlate(measured, rows, self.headline)

    def probe_factors(
        self, spaces: list[Representation], known: factors.Factors | Missing
    ) -> pd.DataFrame | Missing:
        """Probe some spaces for each factor: PCA, and the sweep at beta 1 and the one looked at."""
        if isinstance(known, Missing):
            return Missing("")  # `disentanglement`, shown before, says why
        betas = (1, self.settings.beta)
        probed = {s.title: s.z for s in spaces if s.beta in betas or s.name == "pca"}
        return knowledge(probed, known.attributes)

    def sounds(self, ensemble: Ensemble, moved: Traversal) -> dict[str, np.ndarray] | Missing:
        """Return the first track as a network on images keeps it, and a traversal, as sounds."""
        samples, _ = self.data.example()
        if isinstance(samples, Missing):
            return samples
        inverter = audio.Inverter(self.data.features.images)
        image, rebuilt = (images[0] for images in self.reconstruct_images(ensemble))
        return stages(inverter, samples, image, rebuilt) | traversed(inverter, moved)

    def rank(self, scores: Scores) -> pd.DataFrame:
        """Rank all methods by `lib.evaluation.ranking.table`, and write ``verdict.csv``."""
        methods = ranking.table(comparison.each_once(scores.rows), scores.partitions)
        write_csv(self.folder / "verdict.csv", methods[methods["place"].notna()])
        return methods

    def _file_name(self, space: Representation) -> str:
        """The beta looked at has the plain name."""
        if space.name == "beta_vae" and space.beta != self.settings.beta:
            return f"beta_vae_{space.beta:g}"
        return space.name


def by_beta(sweep: Ensemble) -> list[Representation]:
    """Return a representation for each beta of a sweep."""
    betas = np.unique(sweep.betas)
    return [representation("beta_vae", sweep.select(beta=beta)) for beta in betas]
