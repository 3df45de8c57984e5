"""Algorithm 1 of Goodfellow et al. 2014, Generative Adversarial Networks (arXiv:1406.2661)."""

from collections.abc import Callable, Iterable, Mapping
from functools import reduce
from operator import add
from typing import Any

import lightning as L
import torch
from torch import Tensor, nn
from torch.optim import Optimizer

from ganlab.data.source import Chunk, Minibatch
from ganlab.errors import UserError
from ganlab.models.ema import EMA

Terms = dict[str, Tensor]


class GAN(L.LightningModule):
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
    """

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
    ) -> None:
        super().__init__()
        if not isinstance(k, int) or k < 1:
            raise UserError(f"model.k={k}: expected the discriminator updates per iteration, an integer of at least 1.")
        self.automatic_optimization = False
        self.generator, self.discriminator = generator, discriminator
        self.ema = ema(generator)
        self.loss, self.optimizer, self.prior, self.latent_dim, self.k = loss, optimizer, prior, latent_dim, k
        self.iteration = 0  # iterations completed
        self.stop_requested = False  # set from outside: finish the iteration at hand, then return
        self.logits: Terms = {}  # of the last discriminator update
        self.metrics: dict[str, float] = {}  # the newest value of everything that is logged

    def configure_optimizers(self) -> list[Optimizer]:
        self.players = {name: list(getattr(self, name).parameters()) for name in self.optimizer}
        self.optimizer_of = {name: self.optimizer[name](weights) for name, weights in self.players.items()}
        return list(self.optimizer_of.values())

    def training_step(self, chunk: Chunk) -> dict[str, list[Terms]]:
        """Algorithm 1 for the iterations of one chunk; returns each iteration's named terms, detached."""
        history = []
        for minibatches in chunk:
            for real in minibatches:  # k of them
                terms = self.update("discriminator", self.discriminator_terms, real)
            terms |= self.update("generator", self.generator_terms, real)
            self.iteration += 1
            self.ema.after(self.iteration, self.generator, chunk.minibatch_size)
            history.append(terms)
            if self.stop_requested:
                break
        return {"terms": history}

    def update(self, player: str, terms_of: Callable[[Minibatch], Terms], real: Minibatch) -> Terms:
        """Let one player descend the sum of its terms while the others' weights are frozen."""
        for name, weights in self.players.items():
            for weight in weights:
                weight.requires_grad = name == player
        terms = terms_of(real)
        self.optimizer_of[player].zero_grad()
        # Not manual_backward, which calls every callback twice: 0.4 ms per update. Precision is 32-bit or bf16.
        reduce(add, terms.values()).backward()
        self.optimizer_of[player].step()
        return {name: term.detach() for name, term in terms.items()}

    def discriminator_terms(self, real: Minibatch) -> Terms:
        """What D descends, on real images x and as many generated ones G(z)."""
        fake = self.generator(self.latent(len(real.images)))
        real_logits, fake_logits = self.discriminator(real.images), self.discriminator(fake)
        self.logits = {"real": real_logits.detach(), "fake": fake_logits.detach()}
        return {"loss_discriminator": self.loss.discriminator(real_logits, fake_logits)}

    def generator_terms(self, real: Minibatch) -> Terms:
        """What G descends, on fresh noise."""
        fake = self.generator(self.latent(len(real.images)))
        return {"loss_generator": self.loss.generator(self.discriminator(fake))}

    def latent(self, count: int, generator: torch.Generator | None = None) -> Tensor:
        """Noise z of shape (count, latent_dim) from the prior, drawn from `generator` or the global one."""
        device = generator.device if generator else self.device
        return self.prior((count, self.latent_dim), device=device, generator=generator).to(self.device)

    @torch.no_grad()
    def diagnostics(self) -> dict[str, Tensor]:
        """How D saw its last minibatch: D(x), D(G(z)) (means of σ(logit)) and D's accuracy on each, in [0, 1]."""
        real, fake = self.logits["real"], self.logits["fake"]
        return {
            "d_real": real.sigmoid().mean(),
            "d_fake": fake.sigmoid().mean(),
            "accuracy_real": (real > 0).float().mean(),
            "accuracy_fake": (fake < 0).float().mean(),
        }

    @torch.no_grad()
    def sample(self, latent: Tensor, weights: str = "ema") -> Tensor:
        """Images (N, C, H, W) in [−1, 1] from latent (N, latent_dim), by the average or the raw generator."""
        network = self.ema if weights == "ema" else self.generator
        training = network.training
        images = network.eval()(latent).float()
        network.train(training)
        return images

    def on_save_checkpoint(self, checkpoint: dict[str, Any]) -> None:
        checkpoint["iteration"] = self.iteration
        del checkpoint["loops"]  # a resumed run is a shorter epoch; Lightning's counts of chunks mean nothing

    def on_load_checkpoint(self, checkpoint: dict[str, Any]) -> None:
        self.iteration = checkpoint["iteration"]
