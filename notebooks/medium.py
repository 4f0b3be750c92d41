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
# # Medium: sound and words, three networks, six algorithms
#
# The Easy task asked one question of one kind of features. Here tracks are also represented by what is
# sung in them, by how their timbre moves in time, and by both sound and words; networks convolve; and each
# space is partitioned by six algorithms. Which space, which algorithm, and why?

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
from lib import clustering, evaluation, figures, lyrics, models, report
from lib.catalogue import title
from lib.report import sentences, tables
from lib.study import Study, representation

study = Study.from_notebook("medium", globals())
report.say(study.data.corpus.summary)

# %% [markdown] tags=["book-only"]
# ## The words
#
# Words are looked for as lyrics, then as what a transcriber heard; a mere title is counted but not
# clustered. [The table below](#tab-medium-words) says where the words of each track come from. What to look for: how
# many tracks have none, since whatever is built on words can say nothing about those.

# %% tags=["book-only", "hide-input"]
coverage = lyrics.coverage(study.data.words).rename(columns=str.capitalize).round(2)
study.table(coverage, "Where the words of the tracks come from.", "medium-words")

# %% tags=["book-only", "remove-input"]
sentences.words(study.data.words)

# %% [markdown] tags=["book-only"]
# ## The spaces
#
# Some spaces need no training on this corpus: the standardised MFCC means, their principal components, and
# *spectral features* (such as chroma, centroid, loudness and tempo; *Method* lists them). Words become vectors in
# two ways, by character n-grams (TF-IDF, which reads any script) and by a sentence transformer (SBERT, whose
# model knows English). *Sound + words* sets both side by side with equal total variance; a track without
# words borrows those of the track that sounds most like it.

# %% tags=["book-only", "hide-input"]
plain = study.represent("raw", "pca", "spectral")
plain += study.represent("tfidf", "sbert", "hybrid_tfidf", "hybrid_sbert")

# %% [markdown] tags=["book-only"]
# Three networks learn (two where there is no audio). The VAE of the Easy task takes the vector as it is; the 1-D
# convolutional VAE slides along its coefficients; the 2-D convolutional VAE sees the MFCC *image* of a track, its
# 20 coefficients in 128 stretches of equal length, and so how timbre moves.

# %% tags=["book-only", "hide-input", "nbval-ignore-output"]
trained = {
    "vae": study.learn("vae", models.VAE),
    "conv1d_vae": study.learn("conv1d_vae", models.Conv1dVAE),
}
if study.data.has_audio:
    trained["conv_vae"] = study.learn("conv_vae", models.ConvVAE, study.data.images)
learned = [representation(name, networks) for name, networks in trained.items()]
study.table(tables.health(trained), "The networks and their health.", "medium-health")

# %% [markdown] tags=["book-only"]
# [The figure below](#fig-medium-training) shows how they learned. The image has many times more numbers than the
# vector, so the losses of the 2-D network live on another scale.

# %% tags=["book-only", "hide-input", "nbval-ignore-output"]
curves = {title(name): t.history for name, t in trained.items()}
study.figure(
    figures.training_curves(curves, log=True),
    "Losses over epochs; the band runs from the lowest to the highest seed.",
    "medium-training",
    alt="Three panels of losses over epochs, one line for each network",
)

# %% tags=["book-only", "nbval-ignore-output", "remove-input"]
sentences.settled(curves)

# %% [markdown] tags=["book-only"]
# What does the 2-D network keep of a track? Where there is audio, the figure below shows images of a few
# tracks above, and below what the network rebuilds of them from its code: look for what is gone.

# %% tags=["book-only", "hide-input", "nbval-ignore-output"]
some = study.data.one_of_each_genre[:4]
images, rebuilt = study.reconstruct_images(trained.get("conv_vae"))
titles = study.data.tracks["track_id"].iloc[some]
figure = figures.reconstructions(images[some], rebuilt[some], titles)
study.figure(
    figure,
    "MFCC images, and what the 2-D convolutional VAE (first seed) rebuilds of them.",
    "medium-images",
    alt="Pairs of heat maps: a track's MFCC image and its reconstruction",
)

# %% [markdown]
# ## Every space by every algorithm
#
# k-means, Ward's agglomeration, a Gaussian mixture and spectral clustering are told how many clusters there
# are; DBSCAN and HDBSCAN find out themselves, and may call tracks noise. [The table below](#tab-medium) gives the score of
# each pair.

# %% tags=["hide-input", "nbval-ignore-output"]
spaces = [*plain, *learned]
scores = study.score(spaces, list(clustering.ALGORITHMS))
study.save(scores, spaces)
rows, headline = scores.rows, study.headline
caption = f"{title(headline)} of each space (down) under each algorithm (across)."
study.table(tables.matrix(rows, headline), caption, "medium")

# %% [markdown] tags=["book-only"]
# [The table below](#tab-medium-noise) gives the share of tracks left out as noise, without which these scores cannot be read: a track
# without words is noise to the spaces of words alone.

# %% tags=["book-only", "hide-input", "nbval-ignore-output"]
caption = "The share of tracks left out as noise, by the algorithms that leave any out."
study.table(tables.noise(rows), caption, "medium-noise")

# %% [markdown] tags=["book-only"]
# An algorithm that calls all but the clearest tracks noise has a high silhouette on what is left.
# [The table below](#tab-medium-with-noise) scores the density-based partitions without their noise and with it. Elsewhere
# in this book, the silhouette is taken without the noise, and AMI counts it as one more cluster, except in
# [the table of languages](#tab-medium-language), which leaves it out.

# %% tags=["book-only", "hide-input", "nbval-ignore-output"]
caption = (
    "Density-based partitions without their noise, and with it as one more cluster (first seed)."
)
by_method = tables.rounded(study.score_noise(spaces, scores), "Method")
study.table(by_method, caption, "medium-with-noise")

# %% [markdown] tags=["book-only"]
# [The table below](#tab-medium-top) names the five best methods among those that leave no more than one track in twenty out.
# A method that names no algorithm is k-means; a value without ± does not vary with the seed.

# %% tags=["book-only", "hide-input", "nbval-ignore-output"]
ranked = evaluation.ranking.by_score(rows, headline)
study.table(tables.ranked(ranked[:5], headline), "The five best.", "medium-top")

# %% [markdown] tags=["book-only"]
# [The table below](#tab-medium-best) names the best of each kind of features.

# %% tags=["book-only", "hide-input", "nbval-ignore-output"]
best = evaluation.ranking.by_score(rows, headline, by=["features", "method"]).drop_duplicates(
    "features"
)
caption = "The best method on each kind of features."
study.table(tables.ranked(best, headline), caption, "medium-best")

# %% tags=["nbval-ignore-output", "remove-input"]
sentences.best(ranked, headline)

# %% [markdown] tags=["book-only"]
# [The first figure below](#fig-medium-matrix) shows the same matrix as a heat map; [the second](#fig-medium-scores) all scores of the
# spaces under k-means, each column scaled from its worst to its best, so that scores of different units can be
# read side by side. Only the shared silhouette can be compared from row to row; the other scores of geometry
# are taken in each space itself. Look for columns that disagree: a space that wins by geometry and loses by genre.

# %% tags=["book-only", "hide-input", "nbval-ignore-output"]
figure = figures.score_matrix(evaluation.comparison.means(rows, headline), title(headline))
study.figure(
    figure,
    "The headline score of each space under each algorithm.",
    "medium-matrix",
    alt="Heat map of scores, spaces down, algorithms across",
)

# %% tags=["book-only", "hide-input", "nbval-ignore-output"]
kmeans_scores = tables.kmeans_scores(rows)
figure = figures.score_matrix(kmeans_scores, "From worst to best", by_column=True)
study.figure(
    figure,
    "All scores under k-means; the numbers are raw, the colours scaled by column.",
    "medium-scores",
    alt="Heat map of scores, spaces down, scores across, scaled by column",
)

# %% tags=["book-only", "nbval-ignore-output", "remove-input"]
sentences.leaders(rows, ["ami", "ari", "purity", "silhouette", "silhouette_shared"])

# %% [markdown] tags=["book-only"]
# ## What words add
#
# [The figure below](#fig-medium-words) compares, seed by seed and under each algorithm, sound with words to sound alone, and
# the convolutional networks to the plain one. Blue differs from zero by a paired t-test with Holm's correction
# for the number of comparisons; grey is inside the noise, or has no noise to be judged by. All of it speaks of seeds
# on these very tracks; where nothing is learned, only the starts of the algorithm vary.

# %% tags=["book-only", "hide-input", "nbval-ignore-output"]
words = {f"{kind} added": (f"Sound + {kind}", "Raw features") for kind in ("TF-IDF", "SBERT")}
convolved = {f"{kind} − VAE": (kind, "VAE") for kind in ("1-D conv VAE", "2-D conv VAE")}
compared = evaluation.comparison.differences(rows, headline, words | convolved)
study.figure(
    figures.differences(compared),
    "Differences of the headline score with 95% intervals over seeds.",
    "medium-words",
    alt="Horizontal intervals of differences, one for each comparison",
)

# %% tags=["nbval-ignore-output", "remove-input"]
sentences.added(compared[compared["pair"].isin(words)], "adding words")

# %% tags=["book-only", "nbval-ignore-output", "remove-input"]
sentences.added(compared[compared["pair"] == "1-D conv VAE − VAE"], "convolving along the vector")

# %% tags=["book-only", "nbval-ignore-output", "remove-input"]
moving = "seeing timbre move (another network, but also another input)"
sentences.added(compared[compared["pair"] == "2-D conv VAE − VAE"], moving)

# %% [markdown] tags=["book-only"]
# Where do words help, and where do they hurt? The share of each genre that its best cluster holds, with words
# and without, under k-means:

# %% tags=["book-only", "nbval-ignore-output", "remove-input"]
hybrids = [r for r in spaces if r.name.startswith("hybrid")]
truth = study.data.truth
together = {
    r.name: evaluation.kept_together(truth, scores.clusters(r)) for r in [spaces[0], *hybrids]
}
sentences.genres_apart(together)

# %% [markdown] tags=["book-only"]
# ## Languages side by side
#
# Lyrics may cluster by language before anything else. [The table below](#tab-medium-language) asks of each space whether its
# k-means clusters follow the genre or the language (AMI with each, over the tracks whose language is known, without noise).
# Clusters that follow the language are language artefacts, however neat they are.

# %% tags=["book-only", "hide-input", "nbval-ignore-output"]
partitions = {space.title: scores.clusters(space) for space in spaces}
agreement = evaluation.ami_by_attribute(partitions, study.data.attributes)
study.table(
    tables.rounded(agreement), "Do clusters follow the genre or the language?", "medium-language"
)

# %% tags=["book-only", "nbval-ignore-output", "remove-input"]
sentences.language(agreement)

# %% [markdown] tags=["book-only"]
# What is there to be found? [The table below](#tab-medium-knowledge) says what a *linear reader* finds in each space: a linear
# classifier that learns from the labels of four fifths of the tracks and is tried on the rest. It serves to
# understand spaces, and never to choose one.

# %% tags=["book-only", "hide-input", "nbval-ignore-output"]
codes = {space.title: space.z for space in spaces}
knowledge = evaluation.knowledge(codes, study.data.attributes)
caption = "Balanced accuracy of a linear reader (means over seeds, five-fold cross-validation)."
study.table(tables.rounded(knowledge), caption, "medium-knowledge")

# %% tags=["book-only", "nbval-ignore-output", "remove-input"]
sentences.knowledge(knowledge)

# %% [markdown] tags=["book-only"]
# ## Why the VAE does what it does
#
# A model can serve clustering worse than its input for two reasons: it has lost what tells genres apart, or it
# has kept it in directions that k-means does not see. The linear reader hints at which: what it cannot read may
# be lost, or bent out of its sight.

# %% tags=["book-only", "nbval-ignore-output", "remove-input"]
truth = study.data.truth
readings = [[evaluation.probe_accuracy(z, truth) for z in r.z] for r in (plain[0], learned[0])]
sentences.why(*readings, rows)

# %% [markdown] tags=["book-only"]
# ## The spaces on one page
#
# [The figure below](#fig-medium-maps) maps each space by t-SNE, coloured by genre, the same colour for the same genre
# throughout.

# %% tags=["book-only", "hide-input", "nbval-ignore-output"]
flat = {name: clustering.tsne(z[0]) for name, z in codes.items()}
study.figure(
    figures.maps(flat, {"genre": study.data.truth}),
    "Each space (first seed) by t-SNE, coloured by genre.",
    "medium-maps",
    alt="Small multiples of scatter plots, one for each space",
)

# %% tags=["book-only", "nbval-ignore-output", "remove-input"]
sentences.nearest({name: z[0] for name, z in codes.items()}, study.data.truth)

# %% [markdown] tags=["book-only"]
# [The first figure below](#fig-medium-genres) and [the second](#fig-medium-languages) look into the best space under k-means: what its
# clusters hold of each genre and of each language. Noise, where there is any, is cluster −1.

# %% tags=["book-only", "hide-input", "nbval-ignore-output"]
winner = scores.best(spaces, headline)
clusters = scores.clusters(winner)[0]
study.figure(
    figures.contingency(study.data.truth, clusters),
    "Clusters of the best space (k-means, first seed) against genres.",
    "medium-genres",
    alt="Heat map of the number of tracks by genre and cluster",
)

# %% tags=["book-only", "hide-input", "nbval-ignore-output"]
study.figure(
    figures.contingency(study.data.languages, clusters, "Language"),
    "The same clusters against languages.",
    "medium-languages",
    alt="Heat map of the number of tracks by language and cluster",
)

# %% tags=["book-only", "nbval-ignore-output", "remove-input"]
sentences.genres(study.data.truth, clusters)
