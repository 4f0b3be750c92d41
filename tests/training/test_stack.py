"""The training step: that of plain torch, whatever the network and whoever stands beside it."""

import pytest
import torch
from example_networks import VAE, X, train
from torch import nn

from lib import models
from lib.models.layers import BatchNorm, Conv, ConvTranspose, Linear
from lib.training import Architecture, Tracks
from lib.training.run import RunSettings
from lib.training.stack import Stack


@pytest.mark.usefixtures("double")
def test_a_stack_equals_a_plain_torch_script():
    """One epoch in one batch against torch.nn, torch.optim and the formula of the loss."""
    trained = train([3], epochs=1, batch_size=len(X), beta=2.0)
    stack = Stack(VAE, Tracks.of(X), [RunSettings(3, epochs=1)])
    sizes = [10, 16, 8, 8, 8, 16, 10]  # the fourth is mean and log-variance, the fifth the decoder
    plain = []
    for layer in (module for module in stack.model.modules() if isinstance(module, Linear)):
        linear = nn.Linear(layer.weight.shape[1], layer.weight.shape[2])
        linear.weight.data, linear.bias.data = layer.weight[0].T.clone(), layer.bias[0, 0].clone()
        plain.append(linear)
    hidden = [nn.BatchNorm1d(size) for size in (16, 8, 8, 16)]
    assert [linear.out_features for linear in plain] == sizes[1:4] + sizes[4:]
    x = torch.as_tensor(X)[stack.streams[0].permutation(len(X))]
    noise = stack.streams[0].normal(len(X), 4)
    optimizer = torch.optim.Adam([p for m in plain + hidden for p in m.parameters()], lr=1e-3)

    def forward(x, noise):
        h = hidden[1](plain[1](hidden[0](plain[0](x)).relu())).relu()
        mean, logvar = plain[2](h).split(4, dim=1)
        h = hidden[2](plain[3](mean + noise * torch.exp(logvar / 2))).relu()
        return plain[5](hidden[3](plain[4](h)).relu()), mean, logvar

    y, mean, logvar = forward(x, noise)
    reconstruction = ((x - y) ** 2).sum() / 2 / len(x)
    kl = -0.5 * (1 + logvar - mean**2 - logvar.exp()).sum() / len(x)
    (reconstruction + 2 * kl).backward()
    optimizer.step()
    row = trained.history.iloc[0]
    assert row.reconstruction == pytest.approx(reconstruction.item(), abs=1e-10)
    assert row.kl == pytest.approx(kl.item(), abs=1e-10)
    assert row.total == pytest.approx((reconstruction + 2 * kl).item(), abs=1e-10)
    for module in hidden:
        module.eval()
    _, mean, _ = forward(torch.as_tensor(X), 0)
    torch.testing.assert_close(torch.as_tensor(trained.z[0]), mean, rtol=0, atol=1e-9)


class SmallConvVAE(models.VAE):
    """A VAE on images (M, B, 1, 8, 12)."""

    def __init__(self, n_networks: int, latent_dim: int = 3):
        nn.Module.__init__(self)
        self.latent_dim = latent_dim
        self.down = nn.Sequential(
            Conv(n_networks, 1, 4, (3, 3), stride=2, padding=1), BatchNorm(n_networks, 4), nn.ReLU()
        )
        self.code = Linear(n_networks, 4 * 4 * 6, 2 * latent_dim)
        self.spread = Linear(n_networks, latent_dim, 4 * 4 * 6)
        self.up = ConvTranspose(n_networks, 4, 1, (4, 4), stride=2, padding=1)

    def encode(self, x):
        return self.code(self.down(x).flatten(2)).chunk(2, dim=-1)

    def decode(self, z):
        return self.up(self.spread(z).relu().unflatten(2, (4, 4, 6)))


@pytest.mark.usefixtures("double")
def test_convolutions_side_by_side_equal_those_alone():
    images = Tracks.of(torch.randn(90, 1, 8, 12, generator=torch.manual_seed(0)))
    settings = [RunSettings(seed, epochs=3) for seed in range(3)]
    architecture = Architecture(SmallConvVAE)
    together = Stack(architecture, images, settings).train()
    (alone,) = Stack(architecture, images, settings[1:2]).train()
    for name, tensor in alone.state.items():
        torch.testing.assert_close(together[1].state[name], tensor, rtol=0, atol=1e-9)
