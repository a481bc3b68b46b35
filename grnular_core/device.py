"""The device a computation runs on, decided once and never changed silently."""

from __future__ import annotations

import torch

from grnular_core.errors import InputError


def resolve_device(device: str | torch.device = "auto") -> torch.device:
    """The device of that name; "auto" is the first GPU where there is one, else the CPU.

    Raises ``InputError`` for an unknown name and for a GPU that is not there: a run asked for on a
    GPU never falls back to the CPU.
    """
    if str(device) == "auto":
        return torch.device("cuda" if torch.cuda.is_available() else "cpu")
    try:
        found = torch.device(device)
    except RuntimeError:
        found = None
    if found is None or found.type not in ("cpu", "cuda"):
        raise InputError(f"unknown device {str(device)!r}; use 'auto', 'cpu', 'cuda' or 'cuda:N'")
    if found.type == "cuda" and (found.index or 0) >= torch.cuda.device_count():
        raise InputError(
            f"device {str(device)!r} was asked for, but torch sees {torch.cuda.device_count()} "
            "GPUs; use device 'cpu' or 'auto', or install a torch built for your GPU"
        )
    return found
