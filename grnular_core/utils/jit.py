"""Compiled functions: numba with the options that all functions of this package share."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numba


def compiled(function: Callable[..., Any]) -> Callable[..., Any]:
    """Compile to machine code, kept on disk between processes where there is a folder to keep it in.

    Parameters
    ----------
    function : callable
        Plain loops over NumPy arrays.

    Returns
    -------
    callable
        The same function, compiled at its first call; it releases the interpreter lock.

    Notes
    -----
    No fast-math: every operation rounds by IEEE 754, so all processors give the same bits.
    NumPy's rules for division (no exception for 0) let the loops use vector instructions.
    """
    options = {"nogil": True, "error_model": "numpy"}
    try:
        return numba.njit(cache=True, **options)(function)
    except RuntimeError:  # neither the package nor the user's cache is writable
        return numba.njit(**options)(function)


def part_of_compiled(function: Callable[..., Any]) -> Callable[..., Any]:
    """Compile a part of a compiled function of the same file, which makes no array.

    Parameters
    ----------
    function : callable
        Called from functions made by ``compiled`` only.

    Returns
    -------
    callable
        The same function. It counts no references to the arrays that it is handed (numba's private
        ``_nrt``): counting takes longer than a small loop.
    """
    return numba.njit(error_model="numpy", nogil=True, _nrt=False)(function)
