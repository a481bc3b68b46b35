"""A committee as rho_nn: several context networks, each trained on graphs of another kind, whose logits
are added.

Networks of one size that are trained on everything lose on some kinds of data what they gain on
others, and their errors differ. All members see the same evidence and the same theta and Z, and goodINIT
and the fits, where the time goes, are done once: a member costs one pass over the candidate edges.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import torch
from torch import Tensor, nn

from grnular_core.models.context import Context, ContextRho


class CommitteeRho(nn.Module):
    """The logit of an edge: offset + sum over members k of share_k * logit_k.

    A member's logits are as large as its loss made them (a loss on ranks does not say how large), so
    ``shares`` are its say and its unit at once; before training all are 1 / members, the offset 0.
    """

    def __init__(
        self, n_views: int, generator: torch.Generator, width: int, n_layers: int, n_members: int
    ) -> None:
        super().__init__()
        self.members = nn.ModuleList(
            ContextRho(n_views, generator, width, n_layers) for _ in range(n_members)
        )
        self.shares = nn.Parameter(torch.full((n_members,), 1 / n_members))
        self.offset = nn.Parameter(torch.zeros(()))

    def forward(self, theta: Tensor, Z: Tensor, context: Context) -> Tensor:
        """theta and Z >= 0 (graphs, tfs, genes) -> logits (graphs, tfs, genes)."""
        return self.joined(member(theta, Z, context) for member in self.members)

    def joined(self, logits: Iterable[Tensor]) -> Tensor:
        """The committee's logits from those of its members, in their order."""
        parts = zip(self.shares, logits, strict=True)
        return self.offset + sum(share * logit for share, logit in parts)


@torch.no_grad()
def seat(rho: CommitteeRho, trained: Sequence[ContextRho], logits: Sequence[Tensor]) -> None:
    """Give every seat a trained network, and all of them the same say.

    ``logits`` are those that the networks gave to the same candidate edges, each (edges,): a share is what
    brings its network's deviation to the first one's, divided by the members; the offset keeps the first
    one's mean, so that a committee of equal networks is that network.
    """
    for member, network in zip(rho.members, trained, strict=True):
        member.load_state_dict(network.state_dict())
    means = torch.stack([values.mean() for values in logits])
    deviations = torch.stack([values.std() for values in logits])
    rho.shares.copy_(deviations[0] / deviations / len(logits))
    rho.offset.copy_(means[0] - (rho.shares * means).sum())
