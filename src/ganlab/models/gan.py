"""Algorithm 1 of Goodfellow et al. 2014, Generative Adversarial Networks (arXiv:1406.2661)."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any

import torch
from torch import Tensor, nn
from torch.optim import Optimizer

from ganlab.data.source import Minibatch
from ganlab.distributed import share, world_size
from ganlab.errors import UserError
from ganlab.models.base import Model, Terms, evaluated
from ganlab.models.ema import EMA


class GAN(Model):
    """Two players, a generator G and a discriminator D, trained in turns.

    Args:
        generator: G, latent (N, latent_dim) to images (N, C, H, W) in [−1, 1].
        discriminator: D, images to logits (N,).
        loss: an adversarial loss; see `ganlab.losses`.
        optimizer: for each player's name, a function from its parameters to an optimizer.
        prior: p_g(z), called with a shape, a device and a random generator; see `ganlab.networks.priors`.
        latent_dim: the size of z.
        ema: a function from the generator to its moving average.
        k: discriminator updates per iteration.
        width: of the networks; they are built with it, and it stands here so that one setting gives it to both.
    """

    num_classes = 0  # G makes images of no class in particular

    def __init__(
        self,
        generator: nn.Module,
        discriminator: nn.Module,
        loss: Any,
        optimizer: Mapping[str, Callable[[Iterable[Tensor]], Optimizer]],
        prior: Callable[..., Tensor],
        latent_dim: int,
        ema: Callable[[nn.Module], EMA],
        k: int,
        width: int | None = None,
    ) -> None:
        if not isinstance(k, int) or k < 1:
            raise UserError(f"model.k={k}: expected the discriminator updates per iteration, an integer of at least 1.")
        super().__init__(optimizer, ema(generator))
        self.generator, self.discriminator = generator, discriminator
        self.loss, self.prior, self.latent_dim, self.k = loss, prior, latent_dim, k
        self.logits: Terms = {}  # of the last updates

    def iterate(self, minibatches: Iterator[Minibatch]) -> Terms:
        for real in minibatches:  # k of them
            terms = self.update("discriminator", self.discriminator_terms, real)
        return terms | self.update("generator", self.generator_terms, real)

    def discriminator_terms(self, real: Minibatch) -> Terms:
        """What D descends, on real images x and as many generated ones G(z)."""
        condition = self.condition(real.labels)
        fake = self.generator(self.noise(real), *condition)
        real_logits = self.discriminator(real.images, *condition)
        fake_logits = self.discriminator(fake, *condition)
        self.logits = {"real": real_logits.detach(), "fake": fake_logits.detach()}
        return {"loss_discriminator": self.loss.discriminator(real_logits, fake_logits)}

    def generator_terms(self, real: Minibatch) -> Terms:
        """What G descends, on fresh noise."""
        condition = self.condition(real.labels)
        fake = self.generator(self.noise(real), *condition)
        logits = self.discriminator(fake, *condition)
        self.logits["generator"] = logits.detach()
        return {"loss_generator": self.loss.generator(logits)}

    def condition(self, labels: Tensor) -> tuple[Tensor, ...]:
        """What both networks are told beside their input, from labels (N,): nothing."""
        return ()

    def noise(self, real: Minibatch) -> Tensor:
        """Fresh z for the minibatch; with several devices, this one's share of what a single one would draw."""
        return share(self.latent(len(real.images) * world_size()))

    def latent(self, count: int, generator: torch.Generator | None = None) -> Tensor:
        """Noise z of shape (count, latent_dim) from the prior, drawn from `generator` or the global one."""
        device = generator.device if generator else self.device
        return self.prior((count, self.latent_dim), device=device, generator=generator).to(self.device)

    @torch.no_grad()
    def diagnostics(self) -> Terms:
        """How D saw its last minibatch: D(x), D(G(z)) (means of σ(logit)) and D's accuracy on each, in [0, 1]; and how
        much of a gradient G's loss sent into D."""
        real, fake = self.logits["real"], self.logits["fake"]
        return {
            "d_real": real.sigmoid().mean(),
            "d_fake": fake.sigmoid().mean(),
            "accuracy_real": (real > 0).float().mean(),
            "accuracy_fake": (fake < 0).float().mean(),
            "gradient_generator": self.gradient_at_logits(),
        }

    def gradient_at_logits(self) -> Tensor:
        """The mean over images of |∂loss/∂logit| in G's last minibatch: G learns nothing where it is 0."""
        logits = self.logits["generator"].detach().requires_grad_()
        with torch.enable_grad():
            (gradient,) = torch.autograd.grad(self.loss.generator(logits), logits)
        return gradient.abs().sum()

    def sample(self, latent: Tensor, labels: Tensor, weights: str = "ema") -> Tensor:
        """Images (N, C, H, W) in [−1, 1] from latent (N, latent_dim), by the average or the raw generator.

        Args:
            labels: int64 (N,), the classes asked for; ignored by a model that makes no class in particular.
        """
        return evaluated(self.ema if weights == "ema" else self.generator, latent, *self.condition(labels))
