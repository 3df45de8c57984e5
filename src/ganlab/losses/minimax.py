"""The minimax game of Goodfellow et al. 2014, Generative Adversarial Networks (arXiv:1406.2661)."""

from torch import Tensor
from torch.nn.functional import softplus


class Minimax:
    """Both players descend the value function V(D, G) of equation 1, as Algorithm 1 writes it.

    With logits l and D = σ(l): log D = −softplus(−l) and log(1 − D) = −softplus(l).
    """

    def discriminator(self, real_logits: Tensor, fake_logits: Tensor) -> Tensor:
        """−mean[log D(x) + log(1 − D(G(z)))], what the discriminator descends.

        Args:
            real_logits, fake_logits: shape (N,), logits of real and of generated images.

        Returns:
            A scalar, at least 0; 2 log 2 where D cannot tell them apart.
        """
        return softplus(-real_logits).mean() + softplus(fake_logits).mean()

    def generator(self, fake_logits: Tensor) -> Tensor:
        """mean[log(1 − D(G(z)))], what the generator descends. Its gradient vanishes where D rejects surely.

        Args:
            fake_logits: shape (N,), logits of generated images.

        Returns:
            A scalar, at most 0; −log 2 where D cannot tell real from generated.
        """
        return -softplus(fake_logits).mean()
