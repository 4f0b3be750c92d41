"""What training costs: ``python benchmarks/training.py [repeats]``, or ``... training.py study``.

As ratios: the VAE of the study (20-128-64-16, 25,780 parameters) on 1000 x 20 numbers, batch 64,
against a plain script with a DataLoader, the trainer of pythae (where it is installed) and the
floor: the time that the matrix products of the network alone take on this machine. Variants take
turns; one core is measured in CPU time, two cores on the clock, each against the script by the same
measure.

With ``study``: the seconds that all learning of Easy, Medium and Hard takes on the demo corpus.
"""

import logging
import os
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from functools import partial

from lib import models, training  # before torch: lib sets how OpenMP waits
from lib.settings import SweepSettings
from lib.study import HardStudy
from lib.training import Architecture, Tracks
from lib.training.run import RunSettings
from lib.training.stack import Stack

# isort: split
import torch
from torch import nn

N_TRACKS, N_FEATURES, LATENT_DIM, BATCH, EPOCHS = 1000, 20, 16, 64, 25
VAE = Architecture(models.VAE, n_features=N_FEATURES, latent_dim=LATENT_DIM)
X = torch.randn(N_TRACKS, N_FEATURES, generator=torch.Generator().manual_seed(0))


def layers() -> tuple[nn.Module, nn.Module, nn.Module, nn.Module]:
    """The same network from torch.nn: encoder, mean, log-variance, decoder."""
    encoder = nn.Sequential(
        nn.Linear(N_FEATURES, 128), nn.BatchNorm1d(128), nn.ReLU(),
        nn.Linear(128, 64), nn.BatchNorm1d(64), nn.ReLU(),
    )  # fmt: skip
    decoder = nn.Sequential(
        nn.Linear(LATENT_DIM, 64), nn.BatchNorm1d(64), nn.ReLU(),
        nn.Linear(64, 128), nn.BatchNorm1d(128), nn.ReLU(), nn.Linear(128, N_FEATURES),
    )  # fmt: skip
    return encoder, nn.Linear(64, LATENT_DIM), nn.Linear(64, LATENT_DIM), decoder


def script() -> None:
    """Train one VAE as most scripts do."""
    parts = encoder, to_mean, to_logvar, decoder = layers()
    data = torch.utils.data.TensorDataset(X)
    loader = torch.utils.data.DataLoader(data, batch_size=BATCH, shuffle=True)
    optimizer = torch.optim.Adam([p for part in parts for p in part.parameters()], lr=1e-3)
    for _ in range(EPOCHS):
        epoch_loss = 0.0
        for (x,) in loader:
            optimizer.zero_grad()
            h = encoder(x)
            mean, logvar = to_mean(h), to_logvar(h)
            y = decoder(mean + torch.randn_like(mean) * torch.exp(0.5 * logvar))
            error = 0.5 * ((x - y) ** 2).sum(1).mean()
            kl = -0.5 * (1 + logvar - mean**2 - logvar.exp()).sum(1).mean()
            loss = error + kl
            loss.backward()
            optimizer.step()
            epoch_loss += loss.item()


def pythae_trainer() -> Callable[[], None] | None:
    """Train one VAE with pythae's BaseTrainer; None where pythae is not installed."""
    try:
        from pythae.data.datasets import BaseDataset
        from pythae.models import VAE as PythaeVAE
        from pythae.models import VAEConfig
        from pythae.models.base.base_utils import ModelOutput
        from pythae.models.nn import BaseDecoder, BaseEncoder
        from pythae.trainers import BaseTrainer, BaseTrainerConfig
    except ImportError:
        return None
    logging.disable(logging.WARNING)

    class Encoder(BaseEncoder):
        def __init__(self):
            super().__init__()
            self.hidden, self.mean, self.logvar, _ = layers()

        def forward(self, x):
            h = self.hidden(x)
            return ModelOutput(embedding=self.mean(h), log_covariance=self.logvar(h))

    class Decoder(BaseDecoder):
        def __init__(self):
            super().__init__()
            self.layers = layers()[3]

        def forward(self, z):
            return ModelOutput(reconstruction=self.layers(z))

    def run() -> None:
        config = VAEConfig(input_dim=(N_FEATURES,), latent_dim=LATENT_DIM)
        model = PythaeVAE(config, encoder=Encoder(), decoder=Decoder())
        with tempfile.TemporaryDirectory() as folder:
            plan = BaseTrainerConfig(
                output_dir=folder,
                num_epochs=EPOCHS,
                per_device_train_batch_size=BATCH,
                learning_rate=1e-3,
                no_cuda=True,
            )
            data = BaseDataset(data=X, labels=torch.zeros(N_TRACKS))
            BaseTrainer(model=model, train_dataset=data, training_config=plan).train()

    return run


def matrix_products(n_networks: int) -> tuple[Callable[[], None], float]:
    """All matrix products of a training run of a stack, and how many FLOP they are per network."""
    batch = N_TRACKS // -(-N_TRACKS // BATCH)
    products = []
    shapes = [(N_FEATURES, 128), (128, 64), (64, 2 * LATENT_DIM)]
    shapes += [(LATENT_DIM, 64), (64, 128), (128, N_FEATURES)]
    for i, (inputs, outputs) in enumerate(shapes):
        x, w = torch.randn(n_networks, batch, inputs), torch.randn(n_networks, inputs, outputs)
        y = torch.randn(n_networks, batch, outputs)
        products += [(x, w), (x.mT, y)]  # forward, gradient of the weights
        products += [(y, w.mT)] if i else []  # gradient of the input, which the first has none of
    products = [(a, b, a @ b) for a, b in products]
    n_steps = EPOCHS * -(-N_TRACKS // BATCH)
    flop = sum(2 * a[0].numel() * b.shape[-1] for a, b, _ in products) * n_steps

    def run() -> None:
        for _ in range(n_steps):
            for a, b, out in products:
                torch.bmm(a, b, out=out)

    return run, flop


def stack(n_networks: int, device: str = "cpu") -> None:
    """Train one stack of so many networks."""
    settings = [RunSettings(seed, epochs=EPOCHS) for seed in range(n_networks)]
    Stack(VAE, Tracks.of(X), settings, device).train()


def train(n_networks: int, cores: int, epochs: int = EPOCHS) -> None:
    """Train as the notebooks do, with everything that comes after."""
    os.environ["LOKY_MAX_CPU_COUNT"] = str(cores)  # which joblib counts
    training.train(VAE, X, range(n_networks), epochs=epochs, device="cpu")


def measure(variants: dict[str, tuple], repeats: int) -> tuple[dict, dict]:
    """Median CPU seconds and best seconds per network, in turns after a round of warming up.

    Two cores are seldom both free for as long as a run takes, hence the best on the clock.
    """
    cpu, clock = ({name: [] for name in variants} for _ in range(2))
    for repeat in range(repeats + 1):
        for name, (n_networks, run) in variants.items():
            before = time.process_time(), time.perf_counter()
            run()
            if repeat:
                cpu[name].append((time.process_time() - before[0]) / n_networks)
                clock[name].append((time.perf_counter() - before[1]) / n_networks)
    return {k: statistics.median(v) for k, v in cpu.items()}, {k: min(v) for k, v in clock.items()}


def main(repeats: int = 5) -> None:
    """Measure and print."""
    torch.set_num_threads(1)
    sizes = (1, 8, 16, 40)
    products, flop = matrix_products(16)
    pythae = pythae_trainer()
    variants = {
        "script": (1, script),
        "one": (100 / EPOCHS, partial(train, 1, 1, 100)),
        "forty": (40, partial(train, 40, 1)),
        "forty on two": (40, partial(train, 40, 2)),
        "products": (16, products),
    }
    variants |= {f"stack of {m}": (m, partial(stack, m)) for m in sizes}
    variants |= {"pythae": (1, pythae)} if pythae else {}
    cpu, clock = measure(variants, repeats)

    rate = flop / cpu["products"] / 1e9
    print(f"script {cpu['script'] * 100 / EPOCHS:.2f} CPU s per 100 epochs;", end=" ")
    print(f"floor {cpu['products'] * 100 / EPOCHS:.2f}, at {rate:.0f} GFLOP/s")
    rows = [
        ("one network, x faster than the script", cpu["script"] / cpu["one"]),
        ("40 networks, one core, x faster", cpu["script"] / cpu["forty"]),
        ("40 networks, two cores, x faster by the clock", clock["script"] / clock["forty on two"]),
        ("40 networks, one core, x the floor", cpu["forty"] / cpu["products"]),
    ]
    if pythae:
        rows.append(("40 networks, one core, x faster than pythae", cpu["pythae"] / cpu["forty"]))
    rows += [(f"stack of {m}, x faster", cpu["script"] / cpu[f"stack of {m}"]) for m in sizes]
    for label, ratio in rows:
        print(f"{label:46s}{ratio:6.2f}")
    if not pythae:
        print("pythae is not installed: not compared")
    if torch.cuda.is_available():
        _, cuda = measure({"cuda": (1000, partial(stack, 1000, "cuda"))}, repeats)
        rows = [("1000 networks, cuda, x faster by the clock", clock["script"] / cuda["cuda"])]
        print(f"{rows[0][0]:46s}{rows[0][1]:6.0f}")


def study() -> None:
    """Train all that the notebooks train, by their calls and defaults; print the seconds.

    Features and vectors of words are there before the clock starts, models are not.
    """
    with tempfile.TemporaryDirectory() as folder:
        settings = SweepSettings(
            "demo", "", 5, 16, 100, 0, "auto", folder, betas="0.5,1,2,4,10", beta=4.0
        )
        run = HardStudy("hard", settings)
        known, _, _ = run.factors(), run.data.images, run.data.text_vectors
        _ = run.data.wide_features
        parts = {
            "Easy": lambda: [
                run.learn("ae", models.Autoencoder),
                run.learn("vae", models.VAE),
                run.untrained(models.VAE),
            ],
            "Medium": run.earlier,  # those of Easy are loaded
            "Hard, the sweep": run.sweep,
            "Hard, told a fact": run.conditional,
            "Hard, sound and words": run.multimodal,
            "Hard, VaDE": run.vade,
            "Hard, known factors": lambda: run.factor_spaces(known),
            "Hard, all features": run.pipelines,  # with their partitions
        }
        total = 0.0, 0.0
        for name, learn in parts.items():
            before = time.perf_counter(), time.process_time()
            learn()
            spent = time.perf_counter() - before[0], time.process_time() - before[1]
            total = total[0] + spent[0], total[1] + spent[1]
            print(f"{name:24s}{spent[0]:6.1f} s on the clock, {spent[1]:6.1f} s of CPU")
    print(f"{'all':24s}{total[0]:6.1f} s on the clock, {total[1]:6.1f} s of CPU")


if __name__ == "__main__":
    study() if sys.argv[1:] == ["study"] else main(*map(int, sys.argv[1:]))
