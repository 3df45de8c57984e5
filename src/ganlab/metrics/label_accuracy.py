"""Whether a conditional model makes what it is asked for."""

from ganlab.metrics.base import Metric, Setting, needs_labels
from ganlab.metrics.reference import Reference
from ganlab.metrics.statistics import Statistics


class LabelAccuracy(Metric):
    """`label_accuracy`, the fraction of samples that the extractor reads as the class asked for, in [0, 1]."""

    needs = frozenset({"logits", "labels"})

    def unsuitable(self, setting: Setting) -> str | None:
        return needs_labels(setting)

    def __call__(self, fake: Statistics, reference: Reference) -> dict[str, float]:
        return {"label_accuracy": float(fake.logits.argmax(1).eq(fake.labels).float().mean())}
