"""The classification accuracy score of Ravuri & Vinyals 2019 (arXiv:1905.10887)."""

import torch
from torch.nn.functional import cross_entropy

from ganlab.data.source import Source
from ganlab.metrics.base import Metric, Setting, needs_labels
from ganlab.metrics.reference import Reference
from ganlab.metrics.statistics import Statistics
from ganlab.networks.cnn import Classifier


class ClassificationAccuracyScore(Metric):
    """`cas`, the accuracy on real test images of a classifier that was trained on generated ones only, in [0, 1].

    Beside the floor, the same classifier trained on as many real images. It takes a minute, and is not computed
    unless it is asked for.

    Args:
        iterations: of training.
        batch_size: images per iteration.
        lr: Adam's learning rate.
        width, num_features: of the classifier; see `ganlab.networks.cnn.Classifier`.
    """

    needs = frozenset({"images", "labels"})
    stand_in = "train"

    def __init__(self, iterations: int, batch_size: int, lr: float, width: int, num_features: int) -> None:
        self.iterations, self.batch_size, self.lr = iterations, batch_size, lr
        self.width, self.num_features = width, num_features

    def unsuitable(self, setting: Setting) -> str | None:
        return needs_labels(setting)

    def __call__(self, fake: Statistics, reference: Reference) -> dict[str, float]:
        data, device = reference.data, fake.images.device
        source = Source(fake.images, fake.labels, min(self.batch_size, len(fake.images)), k=1, seed=0)
        source.to(device, keep=True)
        network = Classifier(data.shape, data.num_classes, self.width, self.num_features).to(device)
        optimizer = torch.optim.Adam(network.parameters(), self.lr)
        for iteration in range(self.iterations):
            for images, labels in source.minibatches(iteration):
                loss = cross_entropy(network(images), labels)
                optimizer.zero_grad()
                loss.backward()
                optimizer.step()
        network.eval()
        images, labels = data.test
        with torch.no_grad():
            read = [network(part.to(device).float() / 127.5 - 1).argmax(1).cpu() for part in images.split(500)]
        return {"cas": float((torch.cat(read) == labels).float().mean())}
