import torch

from ganlab.networks.cnn import Classifier


def test_logits_come_from_the_penultimate_features():
    network = Classifier((1, 28, 28), num_classes=10, width=4, num_features=16).eval()
    images = torch.rand(3, 1, 28, 28) * 2 - 1
    features = network.features(images)
    assert features.shape == (3, 16)
    assert features.min() >= 0
    assert torch.equal(network(images), network.output(features))


def test_other_shapes():
    assert Classifier((3, 64, 64), 2, width=4, num_features=16).eval()(torch.zeros(2, 3, 64, 64)).shape == (2, 2)
