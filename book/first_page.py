"""What the first page says: three findings, the summary figure and advice, with numbers from the record.

A sentence that rests on verdicts names them. When one of them changes the build stops, until the sentence says what
is so.
"""

from pathlib import Path

import matplotlib.pyplot as plt
import pandas as pd
from grnular_paper.claims import registry
from grnular_paper.figures.overview import overview_figure
from grnular_paper.more_networks import CURATED
from grnular_paper.records import MORE_CELLS, Record
from grnular_paper.tables import more_cells, overview
from grnular_paper.verdicts import NOT_REPRODUCED, PARTLY, REPRODUCED

from grnular_core.plotting.style import label, use_style

# The claims behind the findings, with the verdicts by the strict protocol under which the sentences are true.
BASIS = {
    "clean_paper_trees": REPRODUCED, "clean_paper_simple": REPRODUCED, "few_graphs": PARTLY,
    "noisy_paper_others": NOT_REPRODUCED, "fig8_auprc": NOT_REPRODUCED,
    "clean_ours_all": REPRODUCED, "noisy_ours_all": REPRODUCED,
}  # fmt: skip
FINDINGS = """\
- **Reproduced: the method works without technical noise.** Trained on 20 simulated networks, GRNULar as published has a
  strict AUPRC of {clean_grnular:.1f} times random, GRNBoost2 with tuned settings {clean_grnboost2:.1f} and the simpler
  unrolled model GLAD-TF {clean_glad_tf:.1f}.
- **Not reproduced: the lead under dropout and on real cells.** With 25 % dropout (counts that measurement loses)
  GRNULar has {noisy_grnular:.1f} times random, GRNBoost2 {noisy_grnboost2:.1f} and GLAD-TF {noisy_glad_tf:.1f}; on real
  cells, against the database STRING, GRNULar has {real_grnular:.1f} and plain correlation {real_correlation:.1f}. Of
  the paper's {claims} single claims {reproduced} are reproduced, {partly} in part and {failed} not; the others could
  not be tested ([all claims](claims.md)).
- **New: the same model with context, and a readout for real cells.** When its learned part sees the surroundings of an edge
  (GRNULar-context), it has {noisy_grnular_context:.1f} times random with 25 % dropout; the best other method, {second}, has
  {second_ratio:.1f}. On real cells GRNULar-curated has {fitted_over:.2f} times the score of {fitted_other}, the best of
  {curated_others} other methods run there (GRNBoost2 has {curated_grnboost2:.1f} times random), against curated networks of
  {fitted_sets} sets of cells, each left out of the fit in turn ([more real cells](../notebooks/10_more_real_cells.ipynb)).
"""
ADVICE = """\
For real cells run `grnular_core.infer`, which takes GRNULar-curated. Against curated networks of {fitted_sets} sets of cells,
each left out of its fit in turn, it has {curated_grnular_curated:.1f} times random, correlation {curated_correlation:.1f} and a
control that knows no edge, *{control}*, {control_ratio:.1f} (geometric means; [more real
cells](../notebooks/10_more_real_cells.ipynb)). Against STRING, on the plates of BEELINE, it has
{real_grnular_curated:.1f}, within-cluster correlation {real_within_clusters:.1f} and RegDiffusion, which takes minutes,
{real_regdiffusion:.1f}; with {datasets} datasets the order of these three is open. The published model has
{real_grnular:.1f}: on real cells it is not the one to take. Against ChIP-seq of the same cells no method of the figure
is more than {most:.2f} times random: an edge of any of them is a hypothesis to be tested.
"""
SHORT = {"no noise": "clean", "dropout 25 %": "noisy", overview.REAL[0]: "real"}


def numbers(found: pd.DataFrame) -> dict[str, float]:
    """Ratios of the summary by the names that the sentences have for them."""
    some = found[found["setting"].isin(SHORT)]
    return {
        f"{SHORT[row.setting]}_{row.method.replace('-', '_')}": row.ratio for row in some.itertuples()
    }


def curated_numbers(folder: Path) -> dict[str, float | int | str]:
    """Numbers of the page on more real cells: curated networks."""
    rows = Record(MORE_CELLS, folder).rows()
    means = more_cells.geometric_means(more_cells.set_scores(rows, CURATED))["mean"]
    ratios = {f"curated_{name.replace('-', '_')}": mean for name, mean in means.items()}
    of_kind = more_cells.kind_numbers(rows, CURATED)
    ratios |= {"curated_others": of_kind["curated_methods"] - 1}
    ratios |= {"control": of_kind["curated_control"], "control_ratio": of_kind["curated_control_ratio"]}
    return more_cells.curated_numbers(rows) | ratios


def confirm(claims: pd.DataFrame, basis: dict[str, str], place: str) -> None:
    """Stop the build where a claim has another verdict than the sentences of ``place`` rest on."""
    verdicts = claims.set_index("name")["verdict"]
    for name, expected in basis.items():
        if verdicts[name] != expected:
            raise ValueError(
                f"a sentence takes the claim {name} as {expected}, and the record says {verdicts[name]}: write it anew in {place}"
            )


def findings(folder: Path) -> str:
    """What was reproduced, what was not, and what is new."""
    claims = registry.table(folder)
    confirm(claims, BASIS, "book/first_page.py")
    found = overview.overview(folder)
    counts = registry.counts(claims).set_index("verdict")["strict protocol"]
    second = best_of_others(found, "dropout 25 %")
    return FINDINGS.format(
        **numbers(found), **curated_numbers(folder), claims=counts.sum(), reproduced=counts[REPRODUCED], partly=counts[PARTLY],
        failed=counts[NOT_REPRODUCED], second=label(second["method"]), second_ratio=second["ratio"],
    )  # fmt: skip


def best_of_others(found: pd.DataFrame, setting: str) -> pd.Series:
    """The best method of a setting that is not of this work."""
    others = found[~found["method"].isin(overview.OURS)]
    return overview.best(others, setting)


def advice(folder: Path) -> str:
    """Whether to use it on one's own cells."""
    found = overview.overview(folder)
    most = found.loc[found["setting"] == overview.REAL[2], "ratio"].max()
    datasets = int(found.loc[found["setting"] == overview.REAL[0], "units"].min())
    return ADVICE.format(**numbers(found), **curated_numbers(folder), most=most, datasets=datasets)


def article(printed: Path | None) -> str:
    """Where the article is, if this build could print it."""
    if printed is None:
        return "This build has no PDF of the article: `make article` prints it where Chromium or Chrome is installed.\n"
    file = f"{{download}}`{printed.name} <../{printed.name}>`"
    return f"**As one article**: {file}, with abstract, methods, results and references.\n"


def write_figure(folder: Path, target: Path) -> None:
    """The summary figure as SVG."""
    use_style()
    figure = overview_figure(overview.overview(folder))
    figure.savefig(target, metadata={"Date": None})
    plt.close(figure)
