"""The layers of a stack do what torch.nn does, one by one; the losses are what they say."""

from functools import partial

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import nn

from lib import models, training
from lib.models.layers import BatchNorm, Conv, ConvTranspose, Linear
from lib.training import Architecture


def copy_one(stack: nn.Module, m: int, single: nn.Module) -> nn.Module:
    """Give a torch.nn layer the weights of one of a stack."""
    with torch.no_grad():
        weight = stack.weight[m].T if isinstance(stack, Linear) else stack.weight[m]
        single.weight.copy_(weight)
        single.bias.copy_(stack.bias[m].flatten())
    return single


sizes = st.integers(1, 7)


@settings(max_examples=15)
@given(n_networks=sizes, batch=sizes, inputs=sizes, outputs=sizes)
def test_linear_is_that_of_torch(n_networks, batch, inputs, outputs):
    stack = Linear(n_networks, inputs, outputs)
    x = torch.randn(n_networks, batch, inputs)
    for m in range(n_networks):
        single = copy_one(stack, m, nn.Linear(inputs, outputs))
        torch.testing.assert_close(stack(x)[m], single(x[m]))


@pytest.mark.parametrize("shape", [(), (9,), (4, 5)])
def test_batch_norm_is_that_of_torch_with_its_running_statistics(shape):
    n_networks, batch, channels = 3, 6, 4
    stack = BatchNorm(n_networks, channels)
    nn.init.normal_(stack.weight)
    kind = {0: nn.BatchNorm1d, 1: nn.BatchNorm1d, 2: nn.BatchNorm2d}[len(shape)]
    singles = [copy_one(stack, m, kind(channels)) for m in range(n_networks)]
    for _ in range(3):
        x = torch.randn(n_networks, batch, channels, *shape) * 3 + 1
        y = stack(x)
        for m, single in enumerate(singles):
            torch.testing.assert_close(y[m], single(x[m]))
    stack.eval()
    for m, single in enumerate(singles):
        torch.testing.assert_close(stack.running_mean[m], single.running_mean)
        torch.testing.assert_close(stack.running_var[m], single.running_var)
        torch.testing.assert_close(stack(x)[m], single.eval()(x[m]))


@pytest.mark.parametrize("kernel", [(3,), (3, 5)])
@pytest.mark.parametrize("stride, padding", [(1, 0), (2, 1)])
def test_convolutions_are_those_of_torch(kernel, stride, padding):
    n_networks, inputs, outputs = 3, 2, 4
    x = torch.randn(n_networks, 5, inputs, *(11, 13)[: len(kernel)])
    singles = {1: (nn.Conv1d, nn.ConvTranspose1d), 2: (nn.Conv2d, nn.ConvTranspose2d)}
    for layer, single_kind in zip((Conv, ConvTranspose), singles[len(kernel)], strict=True):
        stack = layer(n_networks, inputs, outputs, kernel, stride=stride, padding=padding)
        y = stack(x)
        for m in range(n_networks):
            single = single_kind(inputs, outputs, kernel, stride=stride, padding=padding)
            copy_one(stack, m, single)
            torch.testing.assert_close(y[m], single(x[m]), rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize(
    "layer, single",
    [
        (partial(Linear, 50, 30, 20), partial(nn.Linear, 30, 20)),
        (partial(Conv, 50, 6, 8, (5,)), partial(nn.Conv1d, 6, 8, 5)),
        (partial(ConvTranspose, 50, 6, 8, (3, 3)), partial(nn.ConvTranspose2d, 6, 8, 3)),
    ],
)
def test_initial_weights_have_the_range_of_torch(layer, single):
    torch.manual_seed(0)
    stack, singles = layer(), [single() for _ in range(50)]
    for name in ("weight", "bias"):
        largest = max(getattr(one, name).abs().max().item() for one in singles)
        assert getattr(stack, name).abs().max().item() == pytest.approx(largest, rel=0.05)
    assert stack.weight.shape[1:].numel() == singles[0].weight.numel()


@pytest.mark.parametrize("hidden", [(), (30,), (512, 256), (9, 8, 7)])
@pytest.mark.parametrize("network", [models.VAE, models.Autoencoder])
def test_any_number_of_hidden_layers(network, hidden):
    model = network(2, n_features=40, latent_dim=32, hidden=hidden)
    x = torch.randn(2, 5, 40)
    assert model.encode(x)[0].shape == (2, 5, 32)
    assert model.reconstruct(x).shape == x.shape


def test_the_loss_is_the_negative_elbo():
    model = models.VAE(2, n_features=6, latent_dim=3, hidden=(8,)).eval()
    x, noise = torch.randn(2, 5, 6), torch.randn(2, 5, 3)
    losses = model.loss(x, noise)

    mean, logvar = model.encode(x)
    posterior = torch.distributions.Normal(mean, torch.exp(0.5 * logvar))
    prior = torch.distributions.Normal(0.0, 1.0)
    torch.testing.assert_close(losses.kl, torch.distributions.kl_divergence(posterior, prior))

    decoded = model.decode(mean + posterior.scale * noise)
    likelihood = torch.distributions.Normal(decoded, 1.0).log_prob(x).sum(-1)
    constant = 6 * 0.5 * torch.log(torch.tensor(2 * torch.pi))
    torch.testing.assert_close(losses.reconstruction, -likelihood - constant)


def test_the_total_weighs_the_kl_by_beta():
    losses = models.Losses(torch.tensor([[1.0, 2.0]]), torch.tensor([[[1.0, 2.0], [0.5, 0.0]]]))
    assert losses.total(2.0).tolist() == [[7.0, 3.0]]


def test_an_autoencoder_pays_no_kl():
    model = models.Autoencoder(2, n_features=6, latent_dim=3)
    losses = model.loss(torch.randn(2, 5, 6), torch.empty(2, 5, 0))
    assert losses.kl.shape == (2, 5, 0)
    assert model.encode(torch.randn(2, 5, 6))[1] is None


class FreeBitsVAE(models.VAE):
    def kl(self, mean, logvar):
        return super().kl(mean, logvar).clamp(min=0.1)

    def rate(self, x, noise):
        return models.gaussian_kl(*self.encode(x))


def test_the_health_record_sees_the_rate_and_not_what_is_charged():
    x = torch.randn(30, 4, generator=torch.manual_seed(0)).numpy()
    trained = training.train(Architecture(FreeBitsVAE, n_features=4), x, [0], beta=50.0, epochs=5)
    row = trained.health.iloc[0]
    assert trained.history["kl"].iloc[-1] >= 0.1 * 16 * 0.999
    assert row["kl"] < 0.5
    assert row["verdict"] == "collapsed"


def test_networks_of_a_stack_never_meet():
    model = models.VAE(3, n_features=6, latent_dim=3, hidden=(8,))
    x, noise = torch.randn(3, 5, 6), torch.randn(3, 5, 3)
    x[1] = torch.nan
    losses = model.loss(x, noise)
    assert losses.reconstruction[[0, 2]].isfinite().all()
    (losses.reconstruction[0].sum() + losses.kl[0].sum()).backward()
    for parameter in model.parameters():
        assert parameter.grad[0].isfinite().all()
        assert (parameter.grad[2] == 0).all()
