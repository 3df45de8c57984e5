"""What a metric is."""

from abc import ABC, abstractmethod
from dataclasses import dataclass

from torch import Tensor

from ganlab.metrics.extractors import Extractor
from ganlab.metrics.reference import Reference, Split
from ganlab.metrics.statistics import Statistics


@dataclass(frozen=True)
class Setting:
    """What a metric can know before there are any samples.

    Attributes:
        extractor: on whose features everything is computed.
        shape: (C, H, W) of the images.
        num_classes: how many the data has; 0 without labels.
        samples: how many there will be.
        labelled: whether each was asked to be of a class.
    """

    extractor: Extractor
    shape: tuple[int, ...]
    num_classes: int
    samples: int
    labelled: bool


class Metric(ABC):
    """Numbers for a set of generated images beside a reference of real ones.

    Attributes:
        needs: what has to be kept of the generated images; see `statistics.KEPT`.
        stand_in: the split whose real images take the samples' place for the floor; None for the one that is not
            compared with.
    """

    needs: frozenset[str] = frozenset()
    stand_in: Split | None = None

    def unsuitable(self, setting: Setting) -> str | None:
        """Why the metric means nothing here, if so: such a one is left out of `metrics=default`."""
        return None

    def check(self, setting: Setting) -> None:
        """Refuse what would give a wrong number.

        Raises:
            UserError: saying what is wrong and what to do.
        """
        return None

    @abstractmethod
    def __call__(self, fake: Statistics, reference: Reference) -> dict[str, float]:
        """The values by name. It may draw from torch's global random generator, which is seeded for it."""

    def picture(self, fake: Statistics, reference: Reference) -> Tensor | None:
        """A picture beside the numbers, as uint8 images (N, C, H, W), 8 to a row."""
        return None


def needs_classes(setting: Setting) -> str | None:
    """The reason not to use a metric that counts predicted classes, if there is one."""
    known = setting.extractor.num_classes
    if known and setting.num_classes in (0, known):
        return None
    return (
        f"needs an extractor that tells the data's classes apart, which {setting.extractor.name} does not (it knows "
        f"{known}, the data has {setting.num_classes}); use data with labels and a run of model=classifier on it "
        "(metrics.extractor=RUN)"
    )


def needs_labels(setting: Setting) -> str | None:
    """The reason not to use a metric that compares with the classes asked for, if there is one."""
    if setting.labelled:
        return needs_classes(setting)
    return "needs images that were asked to be of a class; use a conditional model, or an npz with labels"
