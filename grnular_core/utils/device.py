"""The device a computation runs on, decided once and never changed silently."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from grnular_core.utils.errors import InputError

if TYPE_CHECKING:
    import torch

NAME = re.compile(r"(cpu|cuda)(:\d{1,3})?")


def resolve_device(device: str | torch.device = "auto") -> torch.device:
    """The device of that name; "auto" is the first GPU where there is one, else the CPU.

    Raises ``InputError`` for an unknown name, before torch is loaded, and for a GPU that is not there: a
    run asked for on a GPU never falls back to the CPU.
    """
    name = str(device)
    if name != "auto" and not NAME.fullmatch(name):
        raise InputError(f"unknown device {name!r}; use 'auto', 'cpu', 'cuda' or 'cuda:N'")
    import torch

    if name == "auto":
        return torch.device("cuda" if torch.cuda.is_available() else "cpu")
    found = torch.device(name)
    if found.type == "cuda" and (found.index or 0) >= torch.cuda.device_count():
        raise InputError(
            f"device {name!r} was asked for, but torch sees {torch.cuda.device_count()} "
            "GPUs; use device 'cpu' or 'auto', or install a torch built for your GPU"
        )
    return found
