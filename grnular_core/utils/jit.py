"""Compiled functions: numba with the options that every one of ours takes."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numba


def compiled(function: Callable[..., Any]) -> Callable[..., Any]:
    """Machine code, kept on disk between processes where there is a folder to keep it in.

    No fast-math: every operation rounds as IEEE 754 says, so all processors give the same bits.
    NumPy's rules for division (no exception for 0) let the loops use vector instructions.
    """
    options = {"nogil": True, "error_model": "numpy"}
    try:
        return numba.njit(cache=True, **options)(function)
    except RuntimeError:  # neither the package nor the user's cache is writable
        return numba.njit(**options)(function)


def part_of_compiled(function: Callable[..., Any]) -> Callable[..., Any]:
    """A part of a compiled function of the same file, that makes no array.

    It counts no references to the arrays that it is handed (numba's private ``_nrt``): counting
    takes longer than a small loop.
    """
    return numba.njit(error_model="numpy", nogil=True, _nrt=False)(function)
