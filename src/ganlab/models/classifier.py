"""A classifier: the extractor of features for metrics, and the victim of adversarial images."""

from collections.abc import Callable, Iterable, Iterator, Mapping

import torch
from torch import Tensor, nn
from torch.nn.functional import affine_grid, cross_entropy, grid_sample
from torch.optim import Optimizer

from ganlab.data.source import Minibatch
from ganlab.errors import UserError
from ganlab.models.base import Model, Terms, evaluated
from ganlab.models.ema import EMA

BATCH = 500  # images at a time when predicting


class Classifier(Model):
    """Descends the cross-entropy of labels; its averaged weights make the predictions.

    Args:
        classifier: images (N, C, H, W) in [−1, 1] to logits (N, num_classes), with a method `features`.
        num_classes: the number of labels of the data.
        optimizer: for the player `classifier`, a function from its parameters to an optimizer.
        ema: a function from the network to its moving average.
        jitter: how far training images are turned, scaled and shifted at random: degrees, fraction, fraction of side.
    """

    def __init__(
        self,
        classifier: nn.Module,
        num_classes: int,
        optimizer: Mapping[str, Callable[[Iterable[Tensor]], Optimizer]],
        ema: Callable[[nn.Module], EMA],
        jitter: tuple[float, float, float],
    ) -> None:
        if num_classes < 2:
            raise UserError("model=classifier learns labels, and this data has none; choose data with labels.")
        super().__init__(optimizer, ema(classifier))
        self.classifier, self.num_classes, self.jitter = classifier, num_classes, jitter

    def iterate(self, minibatches: Iterator[Minibatch]) -> Terms:
        terms = [self.update("classifier", self.terms, minibatch) for minibatch in minibatches]
        return terms[-1]

    def terms(self, minibatch: Minibatch) -> Terms:
        logits = self.classifier(self.jittered(minibatch.images))
        self.correct = (logits.detach().argmax(1) == minibatch.labels).float()
        return {"loss_classifier": cross_entropy(logits, minibatch.labels)}

    def jittered(self, images: Tensor) -> Tensor:
        """Each image turned, scaled and shifted by its own random amounts; black moves in from outside."""
        degrees, scale, shift = self.jitter
        random = torch.rand(5, len(images), device=images.device) * 2 - 1
        angle = random[0] * degrees * torch.pi / 180
        rows = torch.stack([angle.cos() * (1 + scale * random[1]), -angle.sin(), 2 * shift * random[2]], dim=1)
        columns = torch.stack([angle.sin(), angle.cos() * (1 + scale * random[3]), 2 * shift * random[4]], dim=1)
        grid = affine_grid(torch.stack([rows, columns], dim=1), list(images.shape), align_corners=False)
        return grid_sample(images + 1, grid, align_corners=False) - 1  # outside is 0, so black must be

    def diagnostics(self) -> Terms:
        """Accuracy on the last minibatch, in [0, 1]."""
        return {"train_accuracy": self.correct.mean()}

    def predict(self, images: Tensor) -> Tensor:
        """The averaged network's logits (N, num_classes) for uint8 images (N, C, H, W)."""
        batches = images.split(BATCH)
        return torch.cat([evaluated(self.ema, b.to(self.device).float() / 127.5 - 1) for b in batches])
