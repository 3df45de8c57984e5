"""Devices that a run may use."""

from typing import Any

import torch

from ganlab.errors import UserError


def local_processes(trainer: Any, batch_size: int) -> int:
    """How many processes train on this machine: one per device.

    Args:
        trainer: the configuration's `trainer`, with accelerator, devices, num_nodes, strategy and precision.
        batch_size: m, of the whole iteration.

    Raises:
        UserError: there are not so many GPUs, m does not divide among the devices, or a precision or strategy is
            asked for that adversarial training does not go with.
    """
    devices, available = trainer.devices, torch.cuda.device_count()
    if devices in ("auto", -1, "-1"):
        processes = max(1, available) if trainer.accelerator != "cpu" else 1
    else:
        processes = len(devices) if not isinstance(devices, int) else devices
    gpus = trainer.accelerator in ("gpu", "cuda") or (trainer.accelerator == "auto" and processes > 1)
    if gpus and processes > available and not (processes == 1 and torch.backends.mps.is_available()):
        raise UserError(
            f"trainer.accelerator={trainer.accelerator} trainer.devices={devices}: this machine has {available} GPUs "
            "that torch can use. Ask for no more, or train on the CPU with trainer.accelerator=cpu."
        )
    if batch_size % (processes * trainer.num_nodes):
        raise UserError(
            f"data.batch_size={batch_size} does not divide among {processes * trainer.num_nodes} devices; it is the "
            "minibatch of the whole iteration, so choose a multiple."
        )
    if trainer.strategy not in ("auto", "ddp"):
        raise UserError(f"trainer.strategy={trainer.strategy}: expected auto or ddp, one process per device.")
    if str(trainer.precision) in ("16", "16-mixed", "16-true"):
        raise UserError(
            f"trainer.precision={trainer.precision}: 16-bit floats overflow in adversarial training; say bf16-mixed, "
            "or 32-true."
        )
    return processes
