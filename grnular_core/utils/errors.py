"""Errors for users: value found, value expected, likely fix."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager


class GrnularError(Exception):
    """Base of every error this package raises on purpose.

    The command line prints such an error as one message, without a traceback, and exits with
    the class's ``exit_code``.
    """

    exit_code = 1


class InputError(GrnularError, ValueError):
    """A file, table or argument that cannot be used as it is."""

    exit_code = 2


class DownloadError(GrnularError, OSError):
    """Data that could not be fetched, or whose bytes are not the expected ones."""

    exit_code = 3


class MethodError(GrnularError, RuntimeError):
    """An inference method that ended without a usable network."""

    exit_code = 4


class InputWarning(UserWarning):
    """A note on the data that ``infer`` and ``read`` were given: what was understood or left out."""


@contextmanager
def advice_where_missing(message: str) -> Iterator[None]:
    """Turn a missing package into advice.

    Parameters
    ----------
    message : str
        What takes the package, and how to install it.

    Yields
    ------
    None

    Raises
    ------
    InputError
        In place of an ``ImportError``.
    """
    try:
        yield
    except ImportError as error:
        raise InputError(message) from error
