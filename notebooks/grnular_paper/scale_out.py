"""Where the runs of a grid go: processes of this machine, or a Dask cluster."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import joblib

from grnular_core.utils.errors import InputError

CONNECT_SECONDS = 30


@contextmanager
def cluster(address: str = "") -> Iterator[None]:
    """Send joblib's work inside the block to the Dask scheduler at ``address``.

    An empty address leaves it on this machine. Workers need this package and, for DS1-DS3, its data; a
    worker that dies loses its unfinished runs to the others. Raises ``InputError`` when no scheduler
    answers.
    """
    if not address:
        yield
        return
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
