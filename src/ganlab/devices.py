"""Devices that a run may use."""

from typing import Any

import torch

from ganlab.errors import UserError


def check_devices(accelerator: str, devices: Any, precision: Any) -> None:
    """Refuse devices that are not there, with the words of the configuration.

    Args:
        accelerator, devices, precision: the keys of `trainer`.

    Raises:
        UserError: more GPUs are asked for than there are, or a precision that adversarial training does not survive.
    """
    available = torch.cuda.device_count()
    gpus = accelerator in ("gpu", "cuda") or (accelerator == "auto" and isinstance(devices, int) and devices > 1)
    wanted = devices if isinstance(devices, int) else 1
    if gpus and wanted > available and not torch.backends.mps.is_available():
        raise UserError(
            f"trainer.accelerator={accelerator} trainer.devices={devices}: this machine has {available} GPUs that "
            "torch can use. Ask for no more, or train on the CPU with trainer.accelerator=cpu trainer.devices=1."
        )
    if str(precision) in ("16", "16-mixed", "16-true"):
        raise UserError(
            f"trainer.precision={precision}: 16-bit floats overflow in adversarial training; say "
            "bf16-mixed, or 32-true."
        )
