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
# # Exploratory: the corpus seen and heard
#
# Before anything is clustered: what music is this, how much of it is there, and what do the features that
# all later chapters build on look like?

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
from lib import clustering, figures, report
from lib.corpora import demo
from lib.report import sentences
from lib.study import Study

study = Study.from_notebook("exploratory", globals())
report.say(study.data.corpus.summary)

# %% [markdown]
# ## The tracks
#
# [The figure below](#fig-corpus) counts the tracks of each genre and shows how long they are. Balanced classes make
# the scores of later chapters easy to read; tracks of different lengths would make length itself a
# feature.

# %% tags=["hide-input"]
study.figure(
    figures.corpus_overview(study.data.corpus.tracks),
    "Tracks of each genre, and how long they are.",
    "corpus",
    alt="Bars of the number of tracks by genre, and a histogram of durations",
)

# %% tags=["remove-input"]
sentences.tracks(study.data.corpus.tracks)

# %% [markdown] tags=["book-only"]
# Where the corpus has audio, the first seconds of one track of each genre can be heard here:

# %% tags=["book-only", "hide-input", "nbval-ignore-output"]
report.players(study.data.excerpts(seconds=5))

# %% [markdown] tags=["book-only"]
# ## One track, from waveform to MFCC
#
# Where there is audio, the figure below shows one of these tracks three times over the same seconds: as the
# waveform; as the mel spectrogram, where beats are vertical and held notes horizontal lines; and as its
# MFCCs, which describe the outline of each spectrum, its timbre, and little else.

# %% tags=["book-only", "hide-input"]
study.figure(
    figures.track(*study.data.example()),
    "One track: waveform, mel spectrogram and MFCCs.",
    "track",
    alt="Waveform, mel spectrogram and MFCCs of one track over time",
)

# %% [markdown] tags=["book-only"]
# ## The features
#
# Each track is summed up by the means of its 20 MFCCs. [The figure below](#fig-correlation) shows how they correlate over
# tracks. Strong blocks away from the diagonal are redundancy: what PCA, and any autoencoder, lives on.

# %% tags=["book-only", "hide-input"]
means = [f"mfcc{i}_mean" for i in range(1, 21)]
study.figure(
    figures.mfcc_correlation(study.data.features.vectors[means]),
    "Correlation of the 20 MFCC means over tracks.",
    "correlation",
    alt="Heat map of correlations between 20 features",
)

# %% [markdown] tags=["book-only"]
# [The figure below](#fig-raw-map) maps the standardised features to the plane. No model has touched them yet, so
# whatever groups of genres show here, later models did not invent.

# %% tags=["book-only", "hide-input"]
flat = {"t-SNE": clustering.tsne(study.data.inputs)}
study.figure(
    figures.maps(flat, {"genre": study.data.truth}),
    "The standardised MFCC means by t-SNE, coloured by genre.",
    "raw-map",
    alt="Scatter plot of the tracks coloured by genre",
)

# %% tags=["book-only", "remove-input"]
sentences.neighbours(study.data.inputs, study.data.truth)

# %% [markdown] tags=["book-only"]
# ## How a track of the demo corpus is made
#
# Whichever corpus this book shows, the project can also compose its own: the demo corpus. Each of its genres
# is a caricature, a row of ranges and weights ([the table below](#tab-demo-genres)) from which a track's factors are
# drawn; now and then one is borrowed from a neighbouring genre, so that genres overlap as they do in life.

# %% tags=["book-only", "hide-input"]
caption = "The genres of the demo corpus: ranges, and the likeliest of each choice."
study.table(demo.genre_table(), caption, "demo-genres")

# %% [markdown] tags=["book-only"]
# From the factors follows a score, [the figure below](#fig-demo-score): look for the bass that walks along the bottom, and
# the drums, whose keys (those of General MIDI) lie among and above it. Each part is then synthesised by itself.

# %% tags=["book-only", "hide-input"]
composition = demo.compose("jazz", 0)
study.figure(
    figures.piano_roll(composition.notes(), composition.track_id),
    "The score of one composed track: time runs to the right, pitch upwards.",
    "demo-score",
    alt="Piano roll of one composed track, a colour for each part",
)

# %% [markdown] tags=["book-only"]
# The parts alone, and the whole as it stands in the corpus, after the mix, the room and the tape:

# %% tags=["book-only", "hide-input", "nbval-ignore-output"]
report.players({"the whole": demo.render(composition), **demo.stems(composition)})

# %% [markdown] tags=["book-only"]
# [The figure below](#fig-demo-track) shows the same track as a spectrogram: drums are vertical lines from bottom to top, the
# bass is the bright bars at the bottom, and the wavering lines are the voice, one above the other for its overtones.

# %% tags=["book-only", "hide-input"]
composed = demo.render(composition)
study.figure(
    figures.track(composed, composition.track_id),
    "The composed track: waveform, mel spectrogram and MFCCs.",
    "demo-track",
    alt="Waveform, mel spectrogram and MFCCs of the composed track over time",
)

# %% [markdown] tags=["book-only"]
# A second set of composed clips holds everything still but eight factors, which are drawn uniformly and
# independently of each other ([the table below](#tab-demo-factors)). It has no genres and is clustered nowhere: it is
# the ground truth against which the disentanglement of a latent space can be measured.

# %% tags=["book-only", "hide-input"]
study.table(demo.factor_table(), "The independent factors and their levels.", "demo-factors")
