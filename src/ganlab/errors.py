"""The ways in which a run ends early; `ganlab.run.Run` turns each into a status."""


class UserError(ValueError):
    """Something the user can put right. The message says what is wrong, what was expected and what to do."""


class Diverged(RuntimeError):
    """A loss or a weight became NaN or infinite."""


class Failed(RuntimeError):
    """A run that was launched in other processes failed there."""


class Interrupted(RuntimeError):
    """The run was asked to stop (Ctrl-C, SIGTERM) and has saved itself.

    Args:
        signum: the signal's number; the process exits with 128 + signum, as a shell expects.
    """

    def __init__(self, message: str, signum: int) -> None:
        super().__init__(message)
        self.signum = signum
