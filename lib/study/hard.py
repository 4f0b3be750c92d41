"""The last study, in which all representations meet: those of the Hard task, and all before."""

from __future__ import annotations

from functools import partial

import numpy as np
import pandas as pd
from sklearn.decomposition import PCA

from lib import files
from lib.catalogue import Method
from lib.errors import UserError
from lib.evaluation import disentanglement, probes
from lib.evaluation import ranking as verdict
from lib.lyrics import fusion
from lib.models import multimodal, vade
from lib.models.autoencoder import VAE, Autoencoder
from lib.models.conditional import CVAE, one_hot
from lib.models.convolutional import Conv1dVAE, ConvVAE
from lib.study import factors
from lib.study import pipelines as ideas
from lib.study.study import Representation, Study, representation
from lib.training import trainer as training
from lib.training.ensemble import Trained

NO_FACTORS = (
    "Nobody knows what varies in this corpus, so nothing can be measured here: the label-free "
    "measures of the sweep above have to do."
)
NO_WORDS = "Too few tracks have words here for a network to learn them with the sound."
TOO_FEW = "There are too few tracks here to try ideas on."
NOTHING_MEASURED = pd.DataFrame(columns=["space", "beta", "seed", *disentanglement.MEASURES])


class Contest(Study):
    """A study with the networks of the Hard task; parameters as of `Study`."""

    def sweep(self) -> Trained:
        """Train the VAE at each beta with each seed: all members of one call."""
        members = training.grid(self.seeds, self.settings.betas)
        return self.train("beta_vae", self.architecture(VAE), self.inputs, **members)

    def earlier(self) -> dict[str, Trained]:
        """Return the networks of the tasks before: loaded, where those have been run."""
        networks = {
            "ae": self.learn("ae", Autoencoder),
            "vae": self.learn("vae", VAE),
            "conv1d_vae": self.learn("conv1d_vae", Conv1dVAE),
        }
        if self.images is not None:
            networks["conv_vae"] = self.learn("conv_vae", ConvVAE, data=self.images)
        return networks

    def conditional(self, name: str, fact: str) -> dict[str, Trained]:
        """Train a CVAE that is told a fact about each track.

        Parameters
        ----------
        name : str
            Of the representation.
        fact : str
            ``genre`` or ``language``: see `Dataset.facts`.

        Returns
        -------
        dict of str to Trained
            Under its name; empty where fewer than two values of the fact are known.
        """
        try:
            condition, names = one_hot(self.facts[fact])
        except UserError:
            return {}
        sizes = {"n_features": self.inputs.shape[1], "n_conditions": len(names)}
        network = partial(CVAE, latent_dim=self.settings.latent_dim, **sizes)
        data = {"x": self.inputs, "condition": condition}
        return {name: self.train(name, network, data, self.seeds)}

    def multimodal(self) -> dict[str, Trained]:
        """Train the VAEs of sound and words, by name; none where there are no words."""
        if "tfidf" not in self.text_vectors:
            return {}
        data = fusion.fill_missing({"audio": self.inputs, "text": self.text_vectors["tfidf"]})
        options = {"sizes": fusion.sizes(data), "latent_dim": self.settings.latent_dim}
        networks = {
            "multimodal_vae": partial(multimodal.MultimodalVAE, **options),
            "multimodal_poe": partial(multimodal.ProductOfExpertsVAE, **options),
        }
        return {name: self.train(name, n, data, self.seeds) for name, n in networks.items()}

    def vade(self) -> Trained:
        """Train VaDE with as many components as there are clusters."""
        architecture = partial(
            vade.VaDE,
            n_features=self.inputs.shape[1],
            n_clusters=self.n_clusters,
            latent_dim=self.settings.latent_dim,
        )
        return self.train("vade", architecture, self.inputs, self.seeds)

    def ideas(self) -> pd.DataFrame:
        """Try ideas on all features, as `lib.study.pipelines.ideas`; empty where tracks are too few."""
        if len(self.truth) < ideas.fewest(self.n_clusters):
            return pd.DataFrame()
        return ideas.ideas(
            self.wide_features,
            self.truth,
            self.n_clusters,
            self.seeds,
            folder=self.folder,
            epochs=self.settings.epochs,
            device=self.settings.device,
        )

    def factors(self) -> factors.Factors | None:
        """Return clips whose factors are known; None beside any corpus but the demo's."""
        return factors.load(self.settings.data_dir) if self.corpus.name == "demo" else None

    def factor_spaces(self, known: factors.Factors) -> list[Representation]:
        """Return the sweep trained on these clips, with PCA, an untrained encoder, the factors."""
        inputs, d = known.inputs, self.settings.latent_dim
        architecture = self.architecture(VAE, inputs)
        members = training.grid(self.seeds, self.settings.betas)
        swept = self.train("factors_vae", architecture, inputs, **members)
        untrained = training.random_encoder(architecture, inputs, self.seeds)
        principal = PCA(min(d, inputs.shape[1]), random_state=0).fit_transform(inputs)
        return [
            *by_beta(swept),
            Representation("pca", "factors", principal[None]),
            Representation("random_encoder", "factors", untrained.z),
            Representation("factors", "factors", known.oracle),
        ]

    def disentanglement(self, spaces: list[Representation], known: factors.Factors) -> pd.DataFrame:
        """Measure how disentangled spaces are, and write it to ``disentanglement.csv``.

        Parameters
        ----------
        spaces : list of Representation
            As from `factor_spaces`.
        known : Factors
            Their clips.

        Returns
        -------
        DataFrame
            ``space`` as tables call it, ``beta``, ``seed``, `disentanglement.MEASURES` and
            ``health``, the verdict on the network, empty where it has none.
        """
        named = {Method(r.name, beta=r.beta).space: r for r in spaces}
        rows = factors.evaluate({name: r.z for name, r in named.items()}, known.levels)
        beta = [named[name].beta for name in rows["space"]]
        rows = rows.rename(columns={"member": "seed"}).assign(beta=beta)
        judged = {name: [] if r.health is None else r.health["verdict"].tolist()
                  for name, r in named.items()}  # fmt: skip
        rows["health"] = [
            judged[row.space][row.seed] if judged[row.space] else "" for row in rows.itertuples()
        ]
        names = [named[name].name for name in rows["space"]]
        files.write_csv(self.folder / "disentanglement.csv", rows.assign(space=names))
        return rows

    def file_name(self, representation: Representation) -> str:
        """Return what the file of its latents is called: the beta looked at has the plain name."""
        if representation.name == "beta_vae" and representation.beta != self.settings.beta:
            return f"beta_vae_{representation.beta:g}"
        return representation.name


def at_beta(sweep: Trained, beta: float) -> Trained:
    """Return the members of a sweep that have this beta."""
    fits = [fit for fit in sweep.fits if fit.member.beta == beta]
    return Trained(sweep.architecture, sweep.data, fits)


def by_beta(sweep: Trained) -> list[Representation]:
    """Return a representation for each beta of a sweep."""
    betas = np.unique(sweep.beta)
    return [representation("beta_vae", at_beta(sweep, beta), float(beta)) for beta in betas]


def readings(study: Contest, networks: dict[str, Trained]) -> pd.DataFrame:
    """Read out of each conditional code the fact that it was told, and out of the plain VAE's.

    Parameters
    ----------
    study : Contest
    networks : dict of str to Trained
        The conditional ones among them are read, and ``vae``.

    Returns
    -------
    DataFrame
        ``fact``, ``told``, ``untold`` (balanced accuracy of a linear reader) and ``chance``; a row
        a seed.
    """
    rows = []
    for name in [name for name in verdict.SAW if name in networks]:
        fact = study.facts[verdict.SAW[name]]
        chance = probes.chance(study.inputs, fact)
        for told, untold in zip(networks[name].z, networks["vae"].z, strict=True):
            row = {"fact": verdict.SAW[name], "told": probes.linear(told, fact), "chance": chance}
            rows.append(row | {"untold": probes.linear(untold, fact)})
    return pd.DataFrame(rows, columns=["fact", "told", "untold", "chance"])


def learned(networks: dict[str, Trained]) -> list[Representation]:
    """Return what trained networks make of the tracks, with what each was made of."""
    made_of = {"conv_vae": "mfcc_image", "cvae": "mfcc_mean+language"}
    made_of |= {"cvae_genre": "mfcc_mean+genre"}
    made_of |= dict.fromkeys(["multimodal_vae", "multimodal_poe"], "mfcc_mean+tfidf")
    return [
        Representation(
            name,
            made_of.get(name, "mfcc_mean"),
            trained.z,
            np.nan if name == "ae" else float(trained.beta[0]),
            trained.health,
            own=vade.assign(trained) if name == "vade" else None,
        )
        for name, trained in networks.items()
    ]
