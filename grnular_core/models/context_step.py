"""The end of a layer of context as a compiled loop, for large data on a CPU.

h + norm(x) and its pools are made while a row is in the nearest cache, in place; separate operations read and write all of
h eight times.
"""

from __future__ import annotations

import numpy as np

from grnular_core.utils.jit import compiled


@compiled
def add_normed(h, x, allowed, scale, shift, eps, row, row_top, column, column_top):  # noqa: ANN001, ANN201
    """Add the layer norm of ``x`` to ``h``, and pool over the pairs that are allowed.

    Parameters
    ----------
    h, x : ndarray, shape (tfs, genes, width)
        ``h`` is changed.
    allowed : ndarray of bool, shape (tfs, genes)
    scale, shift : ndarray, shape (width,)
        Of the norm.
    eps : float
        Of the norm, in the type of ``h``.
    row, row_top : ndarray, shape (tfs, width)
        Take sums (float64) and maxima over genes; 0 and -infinity at the start.
    column, column_top : ndarray, shape (genes, width)
        The same over TFs.
    """
    n_tfs, n_genes, width = h.shape
    whole = width - width % 8
    zero = scale[0] - scale[0]
    for t in range(n_tfs):
        for g in range(n_genes):
            # eight sums side by side are one vector
            a = b = c = d = e = f = i = j = zero
            for k in range(0, whole, 8):
                a += x[t, g, k]
                b += x[t, g, k + 1]
                c += x[t, g, k + 2]
                d += x[t, g, k + 3]
                e += x[t, g, k + 4]
                f += x[t, g, k + 5]
                i += x[t, g, k + 6]
                j += x[t, g, k + 7]
            for k in range(whole, width):
                a += x[t, g, k]
            mean = (((a + e) + (c + i)) + ((b + f) + (d + j))) / h.dtype.type(width)
            for k in range(width):
                x[t, g, k] -= mean
            a = b = c = d = e = f = i = j = zero
            for k in range(0, whole, 8):
                a += x[t, g, k] * x[t, g, k]
                b += x[t, g, k + 1] * x[t, g, k + 1]
                c += x[t, g, k + 2] * x[t, g, k + 2]
                d += x[t, g, k + 3] * x[t, g, k + 3]
                e += x[t, g, k + 4] * x[t, g, k + 4]
                f += x[t, g, k + 5] * x[t, g, k + 5]
                i += x[t, g, k + 6] * x[t, g, k + 6]
                j += x[t, g, k + 7] * x[t, g, k + 7]
            for k in range(whole, width):
                a += x[t, g, k] * x[t, g, k]
            square = (((a + e) + (c + i)) + ((b + f) + (d + j))) / h.dtype.type(width)
            factor = h.dtype.type(1) / np.sqrt(square + eps)
            for k in range(width):
                h[t, g, k] += x[t, g, k] * factor * scale[k] + shift[k]
            if allowed[t, g]:
                for k in range(width):
                    row[t, k] += h[t, g, k]
                for k in range(width):
                    column[g, k] += h[t, g, k]
                for k in range(width):
                    row_top[t, k] = max(row_top[t, k], h[t, g, k])
                for k in range(width):
                    column_top[g, k] = max(column_top[g, k], h[t, g, k])
