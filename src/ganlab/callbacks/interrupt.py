"""Ctrl-C and SIGTERM: finish the iteration at hand, save, stop."""

import signal
from typing import Any

import lightning as L

from ganlab.errors import Interrupted
from ganlab.models.base import Model


class Interrupt(L.Callback):
    """Turns the first signal into a checkpoint and `Interrupted`; a second one ends the process at once.

    It comes after the checkpoint callback, which saves when the module's `stopping` is set.
    """

    def on_train_start(self, trainer: L.Trainer, module: Model) -> None:
        self.signum = 0

        def request(signum: int, _: Any) -> None:
            self.signum = signum
            module.stop_requested = True
            for other in self.handlers:
                signal.signal(other, signal.SIG_DFL)

        self.handlers: dict[signal.Signals, Any] = {s: signal.getsignal(s) for s in (signal.SIGINT, signal.SIGTERM)}
        for signum in self.handlers:
            signal.signal(signum, request)

    def restore(self) -> None:
        for signum, handler in self.handlers.items():
            signal.signal(signum, handler)
        self.handlers = {}

    def on_train_batch_end(self, trainer: L.Trainer, module: Model, *_: Any) -> None:
        if module.stopping:
            signum = signal.Signals(self.signum or signal.SIGTERM)  # 0 where another process received it
            raise Interrupted(f"{signum.name} at iteration {module.iteration}; saved.", signum)

    def on_train_end(self, trainer: L.Trainer, module: Model) -> None:
        self.restore()

    def on_exception(self, trainer: L.Trainer, module: Model, exception: BaseException) -> None:
        if hasattr(self, "handlers"):
            self.restore()
