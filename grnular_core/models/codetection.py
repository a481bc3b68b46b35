"""Sums over the cells that detect both of two genes, as a compiled loop over the values that are not 0.

A cell that detects a tenth of the genes has a hundredth of the pairs: dense products would take fifty times the operations.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from grnular_core.models.cells import Cells
from grnular_core.utils.jit import compiled

SUMS = 8  # numbers of a pair, of which the last is not used: one line of the cache


class TFValues(NamedTuple):
    """Values of the TFs, one TF after the other."""

    start: np.ndarray  # (tfs + 1,), where those of a TF begin
    cell: np.ndarray  # their cells
    at: np.ndarray  # their places among all values

    @classmethod
    def of(cls, cells: Cells, tf_index: np.ndarray) -> TFValues:
        """Find them.

        Parameters
        ----------
        cells : Cells
        tf_index : ndarray of int, shape (tfs,)

        Returns
        -------
        TFValues
        """
        place = np.full(cells.n_genes, -1, np.int32)
        place[tf_index] = np.arange(len(tf_index))
        at = np.flatnonzero(place[cells.indices] >= 0)
        tf = place[cells.indices[at]]
        at = at[np.argsort(tf, kind="stable")]
        cell = np.searchsorted(cells.indptr, at, side="right") - 1
        return cls(np.concatenate([[0], np.cumsum(np.bincount(tf, minlength=len(tf_index)))]), cell, at)

    def n_pairs(self, cells: Cells) -> int:
        """Count the pairs of a TF and a gene over all cells.

        Parameters
        ----------
        cells : Cells

        Returns
        -------
        int
        """
        return int(np.diff(cells.indptr)[self.cell].sum())

    def sums(self, cells: Cells, ranks: np.ndarray, first: int, stop: int) -> np.ndarray:
        """Return the sums of some TFs.

        Parameters
        ----------
        cells : Cells
        ranks : ndarray, one for each value of ``cells``
        first, stop : int
            Which TFs.

        Returns
        -------
        ndarray, shape (7, stop - first, genes)
            Over the cells that detect both: how many they are, z_t z_g, z_t, z_g, z_t squared, z_g squared, r_t r_g.
        """
        found = np.zeros((stop - first, cells.n_genes, SUMS))
        _add(found, first, self.start, self.cell, self.at, cells.indptr, cells.indices, cells.z, ranks)
        return np.moveaxis(found, 2, 0)[:-1]


@compiled
def _add(found, first, start, cell, at, indptr, indices, z, rank):  # noqa: ANN001, ANN202
    for t in range(len(found)):
        for p in range(start[first + t], start[first + t + 1]):
            z_t, rank_t = np.float64(z[at[p]]), np.float64(rank[at[p]])
            zz_t = z_t * z_t
            for q in range(indptr[cell[p]], indptr[cell[p] + 1]):
                z_g, of = np.float64(z[q]), found[t, indices[q]]
                of[0] += 1.0
                of[1] += z_t * z_g
                of[2] += z_t
                of[3] += z_g
                of[4] += zz_t
                of[5] += z_g * z_g
                of[6] += rank_t * rank[q]
