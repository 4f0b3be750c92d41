# ---
# jupyter:
#   jupytext:
#     formats: ipynb,py:percent
#     text_representation:
#       extension: .py
#       format_name: percent
#       format_version: '1.3'
#       jupytext_version: 1.19.6
#   kernelspec:
#     display_name: Python 3 (ipykernel)
#     language: python
#     name: python3
# ---

# %% [markdown]
# # Easy: does a VAE beat PCA and k-means?
#
# Each track becomes a vector of MFCC means; the vector becomes a point in a latent space, by PCA, by an
# autoencoder or by a VAE; k-means partitions the points; and the partition is scored, with labels of which
# no step before has seen more than how many there are. Everything that is learned is learned once for each
# of several seeds, since one seed is an anecdote. Sources and formulas stand in the chapter *Method*.

# %% tags=["parameters"]
corpus: str = "demo"  # demo, gtzan, gtzan_table, fma, or a folder
data_dir: str = ""  # where corpora lie; else $MUSIC_DATA, else data/
seeds: int = 5  # how often each learned representation is trained
latent_dim: int = 16  # size of the latent space
epochs: int = 100  # passes through the tracks
n_clusters: int = 0  # 0: as many as there are genres
device: str = "auto"  # auto, cpu, cuda or mps
results_dir: str = ""  # else results/<corpus>

# %% tags=["hide-input"]
from lib import clustering, figures, models, report
from lib.report import sentences, tables
from lib.study import Study, representation

study = Study.from_notebook("easy", globals())
report.say(study.data.corpus.summary)

# %% [markdown] tags=["book-only"]
# ## From sound to vectors
#
# A track's vector holds the means of its 20 mel-frequency cepstral coefficients over time: its average
# timbre, and nothing of its rhythm or its melody. The vectors are standardised. This is the space that
# all representations share, and the *shared silhouette* below is always taken in it.

# %% tags=["book-only"]
X = study.data.inputs
report.say(
    f"{X.shape[0]} tracks have {X.shape[1]} features each; "
    f"{len(study.data.features.skipped)} tracks were skipped. "
    f"k-means will look for {study.data.n_clusters} clusters."
)

# %% [markdown] tags=["book-only"]
# ## Baselines
#
# Before anything is learned: k-means on the vectors themselves and on their principal components. Two
# more rows tell how to read the scores. *Random labels* shows what chance reaches; *the genres
# themselves* shows how well the true genres would score if they were a partition, and their silhouette is
# the surprise to look for in [the table below](#tab-easy-baselines).

# %% tags=["book-only", "hide-input"]
raw, pca = study.represent("raw", "pca")
baselines = study.score([raw, pca]).rows
columns = ["ami", "ari", "purity", "silhouette", "calinski_harabasz", "davies_bouldin"]
study.table(
    tables.scores(baselines, columns),
    "The baselines: mean and half of the 95% interval over seeds.",
    "easy-baselines",
)

# %% tags=["book-only", "remove-input"]
sentences.baselines(baselines)

# %% [markdown] tags=["book-only"]
# ## Autoencoder and VAE
#
# Both networks have hidden layers of 128 and 64 units and differ in one thing: the autoencoder's code is
# a point, the VAE's a Gaussian that is kept near the prior. The VAE minimises the negative evidence lower
# bound
#
# $$
# \mathcal{L}(x) = \mathbb{E}_{q(z \mid x)} \, \tfrac12 \lVert x - \hat{x}(z) \rVert^2
#   + \beta \, D_{\mathrm{KL}}\bigl(q(z \mid x) \,\Vert\, \mathcal{N}(0, I)\bigr), \qquad \beta = 1,
# $$
#
# up to a constant, with the error summed over features, the divergence summed over latents, and the mean taken
# over the batch. Averaging the error over the $d$ features instead would be to set $\beta = d$; *Hard* shows what
# a large $\beta$ does.
#
# A network can fail without a word, so each has a health record. Of its latents, those are *active* whose mean
# varies over tracks (by a variance above 0.01) and costs more than 0.01 nats. A network that explains half of
# the variance of its input is *healthy*; one that explains less than a tenth, whose code carries less than
# 0.5 nats, or that has no active latent, is *collapsed*; between the two it is *weak*.

# %% tags=["book-only"]
autoencoder = study.learn("ae", models.Autoencoder)
vae = study.learn("vae", models.VAE)
untrained = study.untrained(models.VAE)
report.say(
    f"The VAE has {vae.n_parameters:,} parameters, the autoencoder {autoencoder.n_parameters:,}."
)

# %% [markdown] tags=["book-only"]
# [The figure below](#fig-easy-training) shows the losses. Look at the right ends: a curve that still moves there is a
# network not yet done, and a KL that falls to zero would be a code that carries nothing.

# %% tags=["book-only", "hide-input", "nbval-ignore-output"]
curves = figures.training_curves({"Autoencoder": autoencoder.history, "VAE": vae.history})
study.figure(
    curves,
    "Losses over epochs: the mean over seeds, the band from the lowest to the highest.",
    "easy-training",
    alt="Three panels: total, reconstruction and KL loss over epochs for the autoencoder and the "
    "VAE",
)

# %% tags=["book-only", "nbval-ignore-output", "remove-input"]
sentences.settled({"autoencoder": autoencoder.history, "VAE": vae.history})

# %% [markdown]
# ## All partitions, scored
#
# [The table below](#tab-easy) is the result: how well the partitions agree with the genres. The intervals are over
# seeds on these very tracks (*Hard* draws the tracks anew, too). AMI and ARI are zero for
# chance; NMI and purity must be read against the row of random labels. The untrained encoder is a VAE
# before its first step: what it reaches was not learned. *Matched PCA* keeps as many components as the VAE's code
# has effective dimensions (rounded), since few dimensions are by themselves an advantage.

# %% tags=["hide-input", "nbval-ignore-output"]
latent = representation("vae", vae)
spaces = [
    raw,
    pca,
    study.pca_matched(latent),
    representation("random_encoder", untrained),
    representation("ae", autoencoder),
    latent,
]

# %% tags=["hide-input", "nbval-ignore-output"]
scores = study.score(spaces)
study.save(scores, spaces)
rows = scores.rows
against = tables.scores(rows, ["ami", "nmi", "ari", "purity"])
study.table(against, "k-means against the genres: mean ± half of the 95% interval.", "easy")

# %% tags=["nbval-ignore-output", "remove-input"]
sentences.duel(rows, "ami", "vae", "pca", "pca_matched", "raw", "random_encoder", "ae")

# %% [markdown] tags=["book-only"]
# [The table below](#tab-easy-geometry) scores the same partitions by their geometry alone. The silhouette in a
# model's own space is there because everybody reports it, the shared silhouette because only that can be
# compared between rows. For Davies-Bouldin, less is better.

# %% tags=["book-only", "hide-input", "nbval-ignore-output"]
GEOMETRY = ["silhouette", "silhouette_shared", "calinski_harabasz", "davies_bouldin"]
geometry = tables.scores(rows, GEOMETRY)
study.table(geometry, "The same partitions by their geometry.", "easy-geometry")

# %% tags=["book-only", "nbval-ignore-output", "remove-input"]
sentences.duel(rows, "silhouette_shared", "vae", "pca", "pca_matched")

# %% [markdown] tags=["book-only"]
# [The figure below](#fig-easy-scores) shows the scores with their intervals: where two intervals overlap widely, there
# is no winner.

# %% tags=["book-only", "hide-input", "nbval-ignore-output"]
shown = ["ami", "nmi", "ari", "purity", "silhouette", "silhouette_shared"]
others = rows[rows["algorithm"] != "genres"]  # whose 1.0 would press all the others flat
study.figure(
    figures.score_bars(others, shown),
    "Scores of k-means on each representation, with 95% intervals over seeds.",
    "easy-scores",
    alt="Points with error bars, one row for each representation, one panel for each score",
)

# %% tags=["book-only", "nbval-ignore-output", "remove-input"]
sentences.leaders(rows, shown)

# %% [markdown] tags=["book-only"]
# ## Is the silhouette real?
#
# In few dimensions even noise falls into neat clusters. [The figure below](#fig-easy-noise) sets each space's silhouette
# above a dash: what k-means reaches on Gaussian noise of that space's own shape, its covariance. What stands
# clearly above its dash is at least no Gaussian cloud; that it is music, only labels can say. The curve is noise that is equally wide in all
# directions, to guide the eye.

# %% tags=["book-only", "hide-input", "nbval-ignore-output"]
points, line = study.against_noise(spaces, scores)
study.figure(
    figures.noise_line(points, line),
    "Silhouette against effective dimensions. Dashes are noise of each space's own shape, the"
    " curve is round noise.",
    "easy-noise",
    alt="Scatter plot of representations with a falling line for noise",
)

# %% tags=["book-only", "nbval-ignore-output", "remove-input"]
sentences.noise(points)

# %% tags=["book-only", "nbval-ignore-output", "remove-input"]
sentences.duel(rows, "silhouette", "vae", "pca", "pca_matched")

# %% [markdown] tags=["book-only"]
# ## The VAE's latent space
#
# [The figure below](#fig-easy-maps) maps the latent space of the first seed's VAE to the plane twice, by t-SNE and by
# UMAP, coloured by genre and by cluster. Look for genres that lie together; the distances between groups
# mean nothing on such maps.

# %% tags=["book-only", "hide-input", "nbval-ignore-output"]
z, clusters = vae.z[0], scores.clusters(latent)[0]
flat = {"t-SNE": clustering.tsne(z), "UMAP": clustering.umap(z)}
study.figure(
    figures.maps(flat, {"genre": study.data.truth, "cluster": clusters}),
    "The VAE's latent space (first seed) by t-SNE and UMAP, coloured by genre and by cluster.",
    "easy-maps",
    alt="Four scatter plots of the tracks",
)

# %% tags=["book-only", "nbval-ignore-output", "remove-input"]
sentences.neighbours(z, study.data.truth)

# %% [markdown] tags=["book-only"]
# [The figure below](#fig-easy-genres) counts what each cluster of that partition holds. A genre that fills a column
# alone was found; a genre spread over a row was not.

# %% tags=["book-only", "hide-input", "nbval-ignore-output"]
study.figure(
    figures.contingency(study.data.truth, clusters),
    "Genres in each of the VAE's clusters (first seed).",
    "easy-genres",
    alt="Heat map of the number of tracks by genre and cluster",
)

# %% tags=["book-only", "nbval-ignore-output", "remove-input"]
sentences.genres(study.data.truth, clusters)
