"""The conditional GAN of Mirza & Osindero 2014, Conditional Generative Adversarial Nets (arXiv:1411.1784)."""

from typing import Any

from torch import Tensor

from ganlab.errors import UserError
from ganlab.models.gan import GAN


class ConditionalGAN(GAN):
    """G(z|y) and D(x|y), equation 2: both networks are told the label; y comes with the real minibatch.

    Args:
        num_classes: the number of labels of the data.
    """

    def __init__(self, num_classes: int, **gan: Any) -> None:
        if num_classes < 2:
            raise UserError("A conditional model needs labels, and this data has none; choose data with labels.")
        super().__init__(**gan)
        self.num_classes = num_classes

    def condition(self, labels: Tensor) -> tuple[Tensor, ...]:
        return (labels,)
