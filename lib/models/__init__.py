"""The networks and their losses, nothing else: tensors in, tensors out.

Read `autoencoder` first; every other network is a `VAE` with a few methods of its own.
"""

from lib.models.autoencoder import VAE, Autoencoder, Losses, gaussian_kl, mlp, squared_error
from lib.models.conditional import CVAE, one_hot
from lib.models.convolutional import Conv1dVAE, ConvVAE
from lib.models.multimodal import MultimodalVAE, ProductOfExpertsVAE
from lib.models.neighbour import NeighbourVAE
from lib.models.vade import VaDE

__all__ = [
    "CVAE", "VAE", "Autoencoder", "Conv1dVAE", "ConvVAE", "Losses", "MultimodalVAE", "NeighbourVAE",
    "ProductOfExpertsVAE", "VaDE", "gaussian_kl", "mlp", "one_hot", "squared_error",
]  # fmt: skip
