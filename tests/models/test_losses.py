"""Losses: hand-computed values, masks, degenerate graphs, and gradients that stay finite."""

import math

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from sklearn.metrics import average_precision_score, fbeta_score

from grnular_core.models.losses import (
    balanced_cross_entropy,
    balanced_loss,
    f_beta,
    f_beta_loss,
    frobenius,
    not_self,
    smooth_ap_loss,
    summed_loss,
)

LOSSES = [
    f_beta_loss,
    frobenius,
    summed_loss,
    balanced_loss,
    balanced_cross_entropy,
    smooth_ap_loss,
]
SEEDS = st.integers(0, 10_000)


def example(seed: int = 0, graphs: int = 3, tfs: int = 4, genes: int = 9, density: float = 0.3):
    g = torch.Generator().manual_seed(seed)
    theta = torch.randn(graphs, tfs, genes, generator=g, dtype=torch.float64)
    truth = torch.rand(graphs, tfs, genes, generator=g) < density
    index = torch.stack([torch.randperm(genes, generator=g)[:tfs] for _ in range(graphs)])
    return theta, truth, not_self(index, genes)


def test_self_pairs_are_found_by_gene_and_not_by_position():
    allowed = not_self(torch.tensor([[2, 0], [1, 3]]), 4)
    assert (~allowed).nonzero().tolist() == [[0, 0, 2], [0, 1, 0], [1, 0, 1], [1, 1, 3]]


@given(SEEDS, st.sampled_from([0.5, 1.0, 2.0, 5.0]))
def test_f_beta_of_a_hard_prediction_is_the_usual_one(seed, beta):
    theta, truth, allowed = example(seed, density=0.5)
    hard = (theta > 0).double()
    for got, p, t, a in zip(f_beta(hard, truth, allowed, beta), hard, truth, allowed, strict=True):
        if t[a].any():
            wanted = fbeta_score(t[a].numpy(), p[a].numpy(), beta=beta, zero_division=0)
            assert float(got) == pytest.approx(wanted)


def test_the_papers_losses_by_hand():
    theta = torch.tensor([[[9.0, 0.5, -1.0, 0.0]]]).double()  # TF 0 is gene 0
    truth = torch.tensor([[[1, 1, 0, 1]]])
    allowed = not_self(torch.tensor([[0]]), 4)
    p = [math.tanh(0.5), math.tanh(1.0), 0.0]
    tp, fp, fn = p[0], p[1], 2 - p[0]
    f2 = 5 * tp / (5 * tp + 4 * fn + fp)
    squared = 0.25 + 1 + 1
    assert float(f_beta_loss(theta, truth, allowed, 2)) == pytest.approx(1 - f2)
    assert float(frobenius(theta, truth, allowed)) == pytest.approx(squared)
    assert float(summed_loss(theta, truth, allowed, 2)) == pytest.approx(squared + 1 - f2)
    assert float(balanced_loss(theta, truth, allowed, 2)) == pytest.approx(2 * (1 - f2))


def test_the_balancing_ratio_is_constant_in_the_gradient():
    theta, truth, allowed = example()
    theta.requires_grad_()
    parts = [f(theta, truth, allowed) for f in (f_beta_loss, frobenius)]
    edges, squared = (torch.autograd.grad(part.sum(), theta)[0] for part in parts)
    ratio = (parts[0] / parts[1]).detach()[:, None, None]
    total = balanced_loss(theta, truth, allowed).sum()
    torch.testing.assert_close(torch.autograd.grad(total, theta)[0], edges + ratio * squared)


def test_a_perfect_theta_leaves_only_the_f_beta_part():
    truth = example()[1]
    theta = truth.double().requires_grad_()
    loss = balanced_loss(theta, truth, torch.ones_like(truth))
    torch.testing.assert_close(loss, f_beta_loss(theta, truth, torch.ones_like(truth)))
    loss.sum().backward()
    assert torch.isfinite(theta.grad).all()


def test_cross_entropy_by_hand():
    logits = torch.tensor([[[0.0, 2.0, -1.0, 5.0]]]).double()
    truth = torch.tensor([[[1, 0, 0, 1]]])
    allowed = torch.tensor([[[True, True, True, False]]])
    true = math.log(2)
    false = (math.log1p(math.exp(2)) + math.log1p(math.exp(-1))) / 2
    got = balanced_cross_entropy(logits, truth, allowed)
    assert float(got) == pytest.approx((true + false) / 2)


@given(SEEDS)
def test_smooth_ap_becomes_average_precision(seed):
    theta, truth, allowed = example(seed)
    loss = smooth_ap_loss(theta * 1e9, truth, allowed)
    for got, s, t, a in zip(loss, theta, truth, allowed, strict=True):
        wanted = average_precision_score(t[a], s[a]) if t[a].any() else 1.0
        assert 1 - float(got) == pytest.approx(wanted)


def test_sampled_smooth_ap_is_close_seeded_and_asks_for_its_generator():
    theta, truth, allowed = example(graphs=2, tfs=20, genes=200)
    theta = theta + 2 * truth
    whole = smooth_ap_loss(theta, truth, allowed, max_true=None, max_false=None)
    few = {"max_true": 300, "max_false": 300}

    def sampled(seed):
        g = torch.Generator().manual_seed(seed)
        return smooth_ap_loss(theta, truth, allowed, generator=g, **few)

    assert torch.equal(sampled(0), sampled(0)) and not torch.equal(sampled(0), sampled(1))
    mean = torch.stack([sampled(seed) for seed in range(20)]).mean(0)
    torch.testing.assert_close(mean, whole, atol=0.01, rtol=0)
    with pytest.raises(ValueError, match="torch.Generator"):
        smooth_ap_loss(theta, truth, allowed, **few)


@pytest.mark.parametrize("loss", LOSSES)
def test_a_batch_equals_its_graphs_one_by_one(loss):
    parts = example()
    alone = [loss(*(x[i : i + 1] for x in parts)) for i in range(3)]
    torch.testing.assert_close(torch.cat(alone), loss(*parts))


@pytest.mark.parametrize("loss", LOSSES)
@pytest.mark.parametrize("rubbish", [1e30, float("nan"), float("inf")])
def test_what_is_no_candidate_has_no_influence(loss, rubbish):
    theta, truth, allowed = example()
    other = theta.masked_fill(~allowed, rubbish).requires_grad_()
    got = loss(other, truth | ~allowed, allowed)
    torch.testing.assert_close(got, loss(theta, truth & allowed, allowed))
    got.sum().backward()
    assert (other.grad[~allowed] == 0).all() and torch.isfinite(other.grad).all()


@pytest.mark.parametrize("loss", LOSSES)
@pytest.mark.parametrize("value", [0.0, 1.0, -1.0, 1e4])
@pytest.mark.parametrize("kind", ["some", "no edge", "all edges", "no candidate"])
def test_degenerate_graphs_have_finite_losses_and_gradients(loss, value, kind):
    _, truth, allowed = example()
    theta = torch.full(truth.shape, value, requires_grad=True)
    truth = {"no edge": truth & False, "all edges": truth | True}.get(kind, truth)
    allowed = allowed & (kind != "no candidate")
    got = loss(theta, truth, allowed)
    got.sum().backward()
    assert torch.isfinite(got).all() and torch.isfinite(theta.grad).all()


def test_degenerate_graphs_have_the_documented_losses():
    theta, truth, allowed = example()
    theta.requires_grad_()
    none, every = torch.zeros_like(truth), torch.ones_like(truth)
    got = f_beta_loss(theta, none, allowed)
    assert (got == 1).all() and (torch.autograd.grad(got.sum(), theta)[0] == 0).all()
    for truth in (none, every):
        assert (smooth_ap_loss(theta, truth, allowed).abs() < 1e-12).all()
    softplus = torch.nn.functional.softplus
    wanted = [softplus(t[a]).mean() for t, a in zip(theta, allowed, strict=True)]
    torch.testing.assert_close(balanced_cross_entropy(theta, none, allowed), torch.stack(wanted))
    assert (frobenius(theta, none, none) == 0).all()
    assert (balanced_cross_entropy(theta, none, none) == 0).all()


def test_sums_over_a_sample_of_the_others_are_scaled_up_to_all_of_them():
    truth = torch.zeros(1, 10, 10, dtype=torch.bool)
    truth[0, :4] = True
    loss = smooth_ap_loss(
        torch.zeros(1, 10, 10), truth, torch.ones_like(truth),
        max_true=10, max_false=15, generator=torch.Generator().manual_seed(0),
    )  # fmt: skip
    # all equal: half of the 39 other true edges, and of all 99 others, stand before each
    assert float(loss) == pytest.approx(1 - 20.5 / 50.5)
