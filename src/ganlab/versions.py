"""The versions of everything that decides a number."""

import platform

import lightning
import numpy
import torch
import torchvision

import ganlab


def versions() -> dict[str, str]:
    """By name, python's and the packages'."""
    modules = (ganlab, torch, torchvision, lightning, numpy)
    return {"python": platform.python_version()} | {m.__name__: m.__version__ for m in modules}
