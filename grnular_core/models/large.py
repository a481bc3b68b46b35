"""GRNULar on data too large for ``GRNULar.forward``: the same algorithm without anything large.

``forward`` keeps features of every pair (1.4 kB each with context) and dense copies of the cells. Here
cells are made dense a few at a time, pairs get features a block of genes at a time, and above
``streamed_fit.STEP_CELLS`` cells every step of a fit looks at as many, drawn at random. Nothing has
the shape (genes, genes). Without drawing, the scores are those of ``forward`` up to rounding.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
import torch
from torch import Tensor

from grnular_core.data.values import Matrix
from grnular_core.models.cells import Cells, scale_of, streamed_order
from grnular_core.models.context import weight_of
from grnular_core.models.context_blocks import BlockContext, block_context, block_logits
from grnular_core.models.cost import Stages
from grnular_core.models.edge_features import VIEWS
from grnular_core.models.edge_features_blocks import evidence_blocks, gene_blocks
from grnular_core.models.grnular import CellState, GRNULar
from grnular_core.models.inner_fit import split_cells
from grnular_core.models.large_fit import StreamedFit, streamed_init
from grnular_core.models.network import init_weights, path_product
from grnular_core.models.problem import checked_tfs
from grnular_core.models.thresholds import soft_threshold
from grnular_core.utils.device import resolve_device

RHO_GENES = 256  # of a block for a rho_nn of single entries


class StreamedRun:
    """One data set on its way through a ``GRNULar``; every array has an axis of one graph."""

    def __init__(
        self,
        model: GRNULar,
        cells: Cells,
        tf_index: np.ndarray,
        place: torch.device,
        stages: Stages,
    ) -> None:
        self.model, self.cells, self.tf_index, self.stages = model, cells, tf_index, stages
        self.place = place
        self.dtype = next(model.parameters()).dtype
        self.generator = torch.Generator().manual_seed(model.config.seed)
        self.tfs = torch.as_tensor(tf_index, device=self.place)
        varies = torch.from_numpy(cells.varies).to(self.place)
        own = self.tfs[:, None] == torch.arange(cells.n_genes, device=self.place)
        self.allowed = (~own & varies & varies[self.tfs, None])[None]  # (1, tfs, genes)

    def seen(self) -> tuple[BlockContext | Tensor, Tensor]:
        """What rho_nn sees of the data: views in blocks, or the covariance (1, tfs, genes).

        And the sign of the covariance, int8, or itself.
        """
        if self.model.config.rho == "context":
            done = self.stages.part("views")
            n_views = self.model.config.context_views
            views = evidence_blocks(
                self.cells, self.tf_index, self.place, done, n_views=n_views
            ).to(self.dtype)
            detected = torch.from_numpy(self.cells.detected).to(views)
            partners = self.model.config.context_partners
            sign = views[None, :, :, VIEWS.index("pearson")].sign().to(torch.int8)
            return block_context(
                views, detected, self.tfs, self.allowed[0], partners=partners
            ), sign
        shape = (len(self.tf_index), self.cells.n_genes)
        total = torch.zeros(shape, dtype=self.dtype, device=self.place)
        for rows in self.cells.slices():
            Z = torch.from_numpy(self.cells.dense(rows)).to(total)
            total.addmm_(Z[:, self.tfs].T, Z)
        sigma = total[None] / self.cells.n_cells
        return sigma, sigma

    def good_init(self) -> CellState:
        """``GRNULar.good_init``, its draws in the same order."""
        c, n_cells = self.model.config, self.cells.n_cells
        sizes = c.layer_sizes(len(self.tf_index), self.cells.n_genes)
        weights = init_weights(1, sizes, self.generator, c.init_scale, self.place, self.dtype)
        start = streamed_init(
            weights, self.cells, self.tf_index, split_cells(n_cells, c.init_held_out, self.generator),
            c.init_epochs, c.step_size(sizes), self.generator, c.reduction, c.init_tolerance,
            self.stages.part("init"),
        )  # fmt: skip
        lam = weights.W[0].new_ones(1, 1, 1)
        unit = c.lam_scale * (start.error.reshape(1, 1, 1) if c.lam_per_error else lam)
        theta = path_product(start.weights)
        return CellState(start.weights, start.adam, theta, torch.zeros_like(theta), lam, unit)

    def dnn_step(self, state: CellState) -> CellState:
        """``GRNULar.dnn_step`` on drawn cells."""
        c = self.model.config
        fit = StreamedFit(
            state.weights, state.adam, self.cells, self.tf_index,
            torch.arange(self.cells.n_cells), c.n_inner, self.generator, c.reduction,
        )  # fmt: skip
        lr = c.step_size(c.layer_sizes(*state.theta.shape[1:]))
        fit.run(c.n_inner, lr, state.Z, state.lam * state.unit)
        return state._replace(weights=fit.weights, adam=fit.adam, theta=path_product(fit.weights))

    def threshold_step(self, state: CellState, seen: BlockContext | Tensor, done) -> CellState:
        """``GRNULar.threshold_step`` a block of genes at a time."""
        if isinstance(seen, BlockContext):
            logit = block_logits(self.model.rho_nn, state.theta, state.Z, seen, done)
            return state._replace(Z=state.theta * logit.sigmoid(), logit=logit)
        Z = torch.empty_like(state.Z)
        for genes in gene_blocks(self.cells.n_genes, RHO_GENES):
            theta, *rest = (x[:, :, genes] for x in (state.theta, seen, state.Z))
            Z[:, :, genes] = soft_threshold(theta, self.model.rho_nn(theta, *rest))
        return state._replace(Z=Z)

    @torch.no_grad()
    def result(self) -> tuple[Tensor, Tensor]:
        """Scores and what has the sign of the correlation, each (tfs, genes)."""
        (seen, sigma), n_unroll = self.seen(), self.model.config.n_unroll
        state = self.good_init()
        for cell in range(n_unroll):
            done = self.stages.part("cells", cell / n_unroll, (cell + 1) / n_unroll)
            state = self.dnn_step(self.model.lambda_step(state))
            state = self.threshold_step(state, seen, done)
            done(1.0)
        del seen
        scores = state.theta if state.logit is None else weight_of(state.logit)
        return (scores * self.allowed)[0], (sigma * self.allowed)[0]


def streamed_scores(
    matrix: Matrix,
    tf_index: Sequence[int],
    model: GRNULar,
    *,
    device: str = "cpu",
    progress: Callable[[int, int], None] | None = None,
) -> tuple[np.ndarray, np.ndarray]:
    """``inference.grnular_scores`` for ``matrix`` (cells, genes), dense or csr, of any size.

    Scores are float64, signs int8. ``progress`` is called with (done, all) in thousandths of the
    expected time. Raises ``InputError``.
    """
    place = resolve_device(device)
    tfs = checked_tfs(tf_index, matrix.shape[1])
    stages = Stages(progress, model.config, *matrix.shape, len(tfs))
    stages.part("read")(0.0)
    scale = scale_of(matrix)
    order = streamed_order(matrix, scale)
    cells = Cells.of(matrix, scale, order)
    rank = np.argsort(order)
    tf_order = np.argsort(rank[tfs])
    stages.part("read")(1.0)
    run = StreamedRun(model.to(place), cells, rank[tfs][tf_order], place, stages)
    scores, sigma = (part.cpu().numpy() for part in run.result())
    values = np.zeros(scores.shape)
    signs = np.zeros(scores.shape, dtype=np.int8)
    at = np.ix_(tf_order, order)
    values[at] = scores
    signs[at] = np.where(scores > 0, np.sign(sigma), 0)
    stages.part("cells")(1.0)
    return values, signs
