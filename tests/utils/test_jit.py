"""Compilation where nothing can be kept on disk."""

import numba

from grnular_core.utils.jit import compiled


def test_code_that_cannot_be_kept_on_disk_still_compiles(monkeypatch):
    """As where neither the installed package nor the user's cache can be written."""
    njit = numba.njit

    def read_only(*args, cache=False, **options):
        if cache:
            raise RuntimeError("cannot cache function: no locator available for file")
        return njit(*args, **options)

    monkeypatch.setattr(numba, "njit", read_only)
    double = compiled(lambda x: 2 * x)
    assert double(2.0) == 4.0
