"""Repeated runs, one after the other or side by side on a Dask cluster, through joblib."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import joblib

from grnular_core.utils.errors import InputError, advice_where_missing

CONNECT_SECONDS = 30


@contextmanager
def cluster(address: str | None = None) -> Iterator[None]:
    """Send the runs inside the block to a Dask cluster.

    Parameters
    ----------
    address : str, optional
        Of the scheduler; none leaves the work on this machine. Workers need this package and the files that
        runs read; a worker that dies loses its unfinished runs to the others.

    Yields
    ------
    None

    Raises
    ------
    InputError
        Without the package distributed, and when no scheduler answers.
    """
    if not address:
        yield
        return
    with advice_where_missing(
        "a Dask cluster takes the package distributed, which is not installed: pip install distributed, or the "
        "extra [dask] of this package"
    ):
        from distributed import Client
    try:
        client = Client(address, timeout=CONNECT_SECONDS, set_as_default=False)
    except (OSError, ValueError, TimeoutError) as error:
        raise InputError(
            f"no Dask scheduler answers at {address!r} ({type(error).__name__}); start one with "
            "`dask scheduler` and give its address, such as tcp://10.0.0.5:8786"
        ) from error
    with client, joblib.parallel_config(backend="dask", client=client):
        yield


def repeated(
    job: Callable[..., Any],
    n_runs: int,
    *shared: Any,
    progress: Callable[[int, int], None] | None = None,
) -> Iterator[Any]:
    """Results of ``job(number, *shared)`` for numbers from 0, in their order.

    Inside ``cluster``, or any ``joblib.parallel_config``, runs go where that sends them; else one follows the other.

    Parameters
    ----------
    job : callable
        A function of a module, whose result depends on its arguments alone.
    n_runs : int
    *shared : Any
        What all runs take.
    progress : callable, optional
        Called with (done, all) runs.

    Yields
    ------
    Any
    """
    report = progress or (lambda done, total: None)
    report(0, n_runs)
    runs = joblib.Parallel(return_as="generator")(joblib.delayed(job)(number, *shared) for number in range(n_runs))
    for done, result in enumerate(runs, 1):
        report(done, n_runs)
        yield result
