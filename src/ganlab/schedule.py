"""When things happen, in iterations."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from ganlab.errors import UserError

Event = Literal["log", "eval", "checkpoint"]


@dataclass(frozen=True)
class Schedule:
    """The iterations at which a run logs, evaluates and saves; the last iteration does all three.

    Args:
        steps: the iterations of the run.
        log: log every so many iterations.
        eval: evaluate every so many iterations; None for a tenth of the run.
        checkpoint: save every so many iterations.
        milestones: iterations that keep a checkpoint of their own.
    """

    steps: int
    log: int
    eval: int | None
    checkpoint: int
    milestones: Sequence[int] = ()

    def __post_init__(self) -> None:
        if self.steps < 1:
            raise UserError(f"steps={self.steps}: a run needs at least one iteration; say steps=20000, for instance.")
        for key in ("log", "eval", "checkpoint"):
            every = getattr(self, key)
            if every is not None and every < 1:
                raise UserError(f"{key}.every={every}: expected a number of iterations of at least 1.")
        for milestone in self.milestones:
            if not 1 <= milestone <= self.steps:
                raise UserError(f"milestones: {milestone} is not between 1 and steps={self.steps}.")

    def every(self, event: Event) -> int:
        """The period of `event` in iterations."""
        return getattr(self, event) or max(1, self.steps // 10)

    def due(self, event: Event, iteration: int) -> bool:
        """Whether `event` happens after this many iterations."""
        return iteration == self.steps or iteration % self.every(event) == 0

    def next(self, iteration: int) -> int:
        """The first iteration after `iteration` at which anything happens."""
        events: tuple[Event, ...] = ("log", "eval", "checkpoint")
        periodic = [(iteration // self.every(event) + 1) * self.every(event) for event in events]
        return min([self.steps, *periodic, *(m for m in self.milestones if m > iteration)])
