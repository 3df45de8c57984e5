"""A small convolutional classifier."""

from collections.abc import Sequence

import torch
from torch import Tensor, nn


class Classifier(nn.Module):
    """Images (N, C, H, W) in [−1, 1] to logits (N, num_classes), through `features`.

    Three convolutions with batch normalisation and pooling, then one hidden layer. The models' range of images is
    what it takes; it normalises no further than its first batch normalisation does.

    Args:
        image_shape: (C, H, W).
        num_classes: the number of logits.
        width: channels after the first convolution; they double twice.
        num_features: the size of the penultimate layer.
    """

    def __init__(self, image_shape: Sequence[int], num_classes: int, width: int, num_features: int) -> None:
        super().__init__()
        channels = [image_shape[0], width, 2 * width, 4 * width]
        layers: list[nn.Module] = []
        for before, after, kernel in zip(channels, channels[1:], (5, 3, 3), strict=False):
            layers += [
                nn.Conv2d(before, after, kernel, padding=kernel // 2, bias=False),
                nn.MaxPool2d(2),
                nn.BatchNorm2d(after),
                nn.ReLU(inplace=True),
            ]
        self.convolutions = nn.Sequential(*layers, nn.Flatten())
        with torch.no_grad():
            size = self.convolutions.eval()(torch.zeros(1, *image_shape)).shape[1]
        self.convolutions.train()
        self.hidden = nn.Sequential(nn.Dropout(0.3), nn.Linear(size, num_features, bias=False))
        self.normalization = nn.BatchNorm1d(num_features)
        self.output = nn.Linear(num_features, num_classes)
        self.num_features = num_features

    def features(self, images: Tensor) -> Tensor:
        """The penultimate layer's activations, (N, num_features), at least 0."""
        return self.normalization(self.hidden(self.convolutions(images))).relu()

    def forward(self, images: Tensor) -> Tensor:
        return self.output(self.features(images))
