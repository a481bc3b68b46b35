"""Tables of parquet and feather, which take the optional package pyarrow."""

from __future__ import annotations

from contextlib import AbstractContextManager
from pathlib import Path

import pandas as pd

from grnular_core.data.text import check_file
from grnular_core.utils.errors import InputError, advice_where_missing


def with_pyarrow(path: str | Path) -> AbstractContextManager[None]:
    """Turn a missing pyarrow into advice.

    Parameters
    ----------
    path : str or Path

    Returns
    -------
    context manager
    """
    return advice_where_missing(
        f"{path} takes pyarrow, which is not installed: pip install pyarrow, or the extra [parquet] of "
        "grnular-core, or use csv"
    )


def arrow_table(path: Path) -> pd.DataFrame:
    """Read parquet or feather.

    Parameters
    ----------
    path : Path
        Ends in ``.parquet`` or ``.feather``.

    Returns
    -------
    DataFrame

    Raises
    ------
    InputError
        For a missing or damaged file, and without pyarrow.
    """
    check_file(path)
    with with_pyarrow(path):
        try:
            return pd.read_feather(path) if path.suffix.lower() == ".feather" else pd.read_parquet(path)
        except ImportError:
            raise
        except Exception as error:  # pyarrow raises many kinds
            raise InputError(
                f"{path} is not a readable {path.suffix[1:]} file ({str(error).splitlines()[0][:80]}); "
                "was it copied to the end?"
            ) from error
