"""The non-saturating logistic loss of Goodfellow et al. 2014 (arXiv:1406.2661), end of section 3."""

from torch import Tensor
from torch.nn.functional import softplus


class Logistic:
    """The discriminator's loss of the minimax game; the generator ascends log D(G(z)) instead.

    "Rather than training G to minimize log(1 − D(G(z))) we can train G to maximize log D(G(z))": the same fixed
    point, with strong gradients where D rejects surely.
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
        """−mean[log D(G(z))], what the generator descends.

        Args:
            fake_logits: shape (N,), logits of generated images.

        Returns:
            A scalar, at least 0; log 2 where D cannot tell real from generated.
        """
        return softplus(-fake_logits).mean()
