"""The networks on whose features images are compared."""

import hashlib
import json
from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import safetensors.torch
import torch
from hydra.utils import instantiate
from torch import Tensor, nn

from ganlab.errors import UserError
from ganlab.networks.cnn import Classifier
from ganlab.run import read_checkpoint, read_config

SHIPPED = Path(__file__).parent / "shipped"


class Extractor(nn.Module, ABC):
    """uint8 images (N, C, H, W) to features and logits, in evaluation mode and 32-bit floats whatever surrounds it.

    Attributes:
        name, sha256: what a metric card says of it; the hash is of its weights.
        shape: (C, H, W) of the images that it takes; H and W are None where it resizes.
        resize: how, in words.
        num_features: the size d of the features.
        num_classes: how many classes of the data the logits stand for; 0 if they stand for something else.
    """

    name: str
    sha256: str
    shape: tuple[int, int | None, int | None]
    resize = "none"
    num_features: int
    num_classes = 0

    @abstractmethod
    def extract(self, images: Tensor) -> tuple[Tensor, Tensor]:
        """Features (N, num_features) and logits (N, classes) of uint8 images (N, C, H, W)."""

    @torch.no_grad()
    def forward(self, images: Tensor) -> tuple[Tensor, Tensor]:
        exact = torch.backends.cudnn.flags(enabled=True, deterministic=True, allow_tf32=False)
        with torch.autocast(images.device.type, enabled=False), exact:
            features, logits = self.extract(images)
        return features, logits

    def train(self, mode: bool = True) -> "Extractor":
        """It stays in evaluation mode."""
        return super().train(False)

    def check(self, shape: Sequence[int]) -> None:
        """Refuse images of the wrong shape (C, H, W).

        Raises:
            UserError: they are not what the extractor was trained on.
        """
        if any(fixed not in (None, given) for fixed, given in zip(self.shape, shape, strict=True)):
            channels, height, width = self.shape
            size = f"{height}×{width} pixels" if height else "any size"
            raise UserError(
                f"The extractor {self.name} takes images of {size} and {channels} channels; these have "
                f"{shape[1]}×{shape[2]} pixels and {shape[0]} channels. Choose another extractor: one made by "
                "`python train.py model=classifier` on this data fits it (metrics.extractor=RUN)."
            )


class ClassifierExtractor(Extractor):
    """A classifier of this project: its penultimate layer and its logits.

    Args:
        network: with a method `features` and a layer `output`; see `ganlab.networks.cnn.Classifier`.
        name: what to call it.
        shape: (C, H, W) of its images.
    """

    def __init__(self, network: Any, name: str, shape: Sequence[int]) -> None:
        super().__init__()
        self.name, self.shape = name, (shape[0], shape[1], shape[2])
        self.num_features, self.num_classes = network.num_features, network.output.out_features
        self.sha256 = hashlib.sha256(safetensors.torch.save(network.state_dict())).hexdigest()
        # Channels last: four times as fast on a CPU.
        self.network = network.requires_grad_(False).to(memory_format=torch.channels_last)
        self.eval()

    def extract(self, images: Tensor) -> tuple[Tensor, Tensor]:
        features = self.network.features(images.float() / 127.5 - 1)
        return features, self.network.output(features)


class Stacked(Extractor):
    """A classifier of grey images applied to each of three colour channels; the classes are all combinations.

    Args:
        extractor: of one channel, with c classes; class i, j, k of the channels is class (i·c + j)·c + k.
    """

    def __init__(self, extractor: ClassifierExtractor) -> None:
        super().__init__()
        self.single = extractor
        self.name, self.sha256 = f"stacked-{extractor.name}", extractor.sha256
        self.shape = (3, *extractor.shape[1:])
        self.num_features, self.num_classes = 3 * extractor.num_features, extractor.num_classes**3
        self.eval()

    def extract(self, images: Tensor) -> tuple[Tensor, Tensor]:
        features, logits = self.single.extract(images.flatten(0, 1).unsqueeze(1))
        first, second, third = logits.log_softmax(1).view(len(images), 3, -1).unbind(1)
        joint = first[:, :, None, None] + second[:, None, :, None] + third[:, None, None, :]
        return features.reshape(len(images), -1), joint.flatten(1)


class Inception(Extractor):
    """The Inception network of the literature's FID, as torch-fidelity has it; for colour photographs.

    Images are resized to 299×299 as the original TensorFlow code did: bilinear, without antialiasing, corners not
    aligned, so that numbers compare with those of pytorch-fid and torch-fidelity.

    Args:
        weights: the file pt_inception; None for torch's cache.
        download: fetch it into torch's cache if it is not there.

    Raises:
        UserError: torch-fidelity is not installed, or there are no such weights.
    """

    resize = "299×299, bilinear as in TensorFlow 1, no antialiasing (torch-fidelity, pytorch-fid)"
    shape = (3, None, None)
    num_features = 2048

    def __init__(self, weights: str | None = None, download: bool = False) -> None:
        super().__init__()
        try:
            from torch_fidelity import feature_extractor_inceptionv3 as fidelity
        except ImportError as error:
            raise UserError(
                "The extractor inception needs torch-fidelity, which is not installed: pip install 'ganlab[inception]' "
                "(from the clone: pip install -e '.[inception]')."
            ) from error
        self.name = "inception"
        url = fidelity.URL_INCEPTION_V3
        cached = Path(torch.hub.get_dir()) / "checkpoints" / Path(url).name
        path = Path(weights) if weights else cached
        if not path.is_file() and not (download and not weights):
            raise UserError(
                f"The weights of Inception are not there: {path.absolute()}. Put torch-fidelity's file {cached.name} "
                "there, name it with metrics.extractor.weights=FILE (or ganlab evaluate --extractor FILE), or have it "
                "downloaded with metrics.extractor.download=true (or ganlab evaluate --download)."
            )
        try:
            if not path.is_file():
                torch.hub.load_state_dict_from_url(url)
            torch.load(path, weights_only=True)  # torch-fidelity would run code that a file holds
            arguments = {"feature_extractor_weights_path": str(path)}
            self.network = fidelity.FeatureExtractorInceptionV3(
                "inception-v3-compat", ["2048", "logits_unbiased"], **arguments
            )
        except Exception as error:
            reason = next(iter(str(error).splitlines()), type(error).__name__)
            raise UserError(
                f"{path.absolute()} could not be had or is not Inception's weights: {reason} "
                f"Expected torch-fidelity's {cached.name}."
            ) from error
        self.sha256 = hashlib.sha256(path.read_bytes()).hexdigest()
        self.eval()

    def extract(self, images: Tensor) -> tuple[Tensor, Tensor]:
        features, logits = self.network(images)
        return features, logits


def shipped(name: str) -> ClassifierExtractor:
    """An extractor that comes with the package, by its name.

    Its card NAME.json says how it was trained and has the hash of its weights.

    Raises:
        UserError: the file is damaged.
    """
    card = json.loads((SHIPPED / f"{name}.json").read_text())
    network = Classifier(**card["network"])
    path = SHIPPED / f"{name}.safetensors"
    weights = path.read_bytes()
    if hashlib.sha256(weights).hexdigest() != card["sha256"]:
        raise UserError(f"{path} is not what its card {name}.json describes: its hash differs. Install ganlab again.")
    network.load_state_dict(safetensors.torch.load(weights))
    return ClassifierExtractor(network, name, card["network"]["image_shape"])


def from_run(run: Path, checkpoint: str = "last") -> ClassifierExtractor:
    """The averaged network of a run of model=classifier.

    Raises:
        UserError: there is no such run, or it is none of a classifier.
    """
    config = read_config(run)
    if "classifier" not in config["model"]:
        raise UserError(f"{run} holds no classifier, so it is no extractor. Name a run of model=classifier.")
    state = read_checkpoint(run / "checkpoints" / f"{checkpoint}.ckpt", config)["state_dict"]
    network = instantiate(config["model"]["classifier"])
    start = "ema.module."
    network.load_state_dict({key[len(start) :]: value for key, value in state.items() if key.startswith(start)})
    return ClassifierExtractor(network, str(run), config["data"]["shape"])


def load_extractor(node: Mapping[str, Any] | str) -> Extractor:
    """The extractor of a configuration: a node with a `_target_`, or the directory of a classifier's run."""
    # Building a network draws random numbers, which are then replaced by its weights.
    with torch.random.fork_rng([]):
        if isinstance(node, str):
            if not Path(node).is_dir():
                raise UserError(
                    f"metrics.extractor={node}: no such directory. Expected a run of model=classifier; an extractor "
                    "by name is metrics/extractor=NAME, with a slash."
                )
            return from_run(Path(node))
        return instantiate(node)
