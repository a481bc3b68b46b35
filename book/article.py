"""`make article`: the reproduction as one article, `_build/article.pdf`, from the record.

    python book/article.py

The text is `book/article/article.md`. Numbers stand in it as ``{glue:text}`name:format` ``, as in the notebooks, and are
filled in from functions of `grnular_paper`. No notebook is needed. A sentence that rests on a verdict names the claim
in ``BASIS``: when the verdict changes the build stops, until the sentence says what is so.
"""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import matplotlib
import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from execute import BUILD, NOTEBOOKS, ROOT, BuildError
from first_page import BASIS as FINDINGS
from first_page import beside_blood, confirm
from grnular_paper import grids, learning
from grnular_paper.claims import registry
from grnular_paper.figures.curves import Row, curve_grid, reading_figure
from grnular_paper.figures.overview import overview_figure
from grnular_paper.figures.real_data import method_points
from grnular_paper.more_networks import CHIP, CURATED
from grnular_paper.real_data import recorded_pairs
from grnular_paper.records import HELD_OUT, MORE_CELLS, READINGS, Record
from grnular_paper.tables import ablations, beeline_scores, held_out, more_cells, overview, pitfalls, readings, runtimes
from grnular_paper.tables.simulated import graph_numbers
from grnular_paper.tables.stem_cell_verdicts import recorded_statements, statement_numbers
from grnular_paper.verdicts import MARGIN, NOT_REPRODUCED, PARTLY, REPRODUCED, UNTESTED, in_words
from matplotlib.figure import Figure
from pages import table
from publication import author_name, citation, repository_address
from rendering import BROWSER, copy_mathjax, print_page, run_sphinx, write_yaml

from grnular_core.plotting.style import use_style

SOURCE = ROOT / "book" / "article"
SITE = BUILD / "article"
PDF = BUILD / "article.pdf"
GLUE = re.compile(r"\{glue:text\}`([\w-]+)(?::([^`]+))?`")
MINUS = re.compile(r"(?<![\w.])-(?=\d)")
CURVES = ("grnular", "grnular-context", "glad-tf", "grnboost2-tuned", "clr", "correlation")  # of Figs 2 and 3
TITLES = {
    "no noise": "clean", "dropout 25 %": "q25", "dropout 50 %": "q50", "dropout 75 %": "q75", "DS1": "ds1",
    "DS2": "ds2", "DS3": "ds3", "STRING": "string", "ChIP, any cells": "chip", "ChIP, same cells": "own",
}  # fmt: skip
BASIS = FINDINGS | {
    "clean_glad_trees": REPRODUCED, "boosting_forest": PARTLY, "trees_without": REPRODUCED,
    "noisy_paper_75": UNTESTED, "noisy_auroc": NOT_REPRODUCED, "ds_paper_others": PARTLY,
    "fig8_auroc": PARTLY, "fig8_mdc": REPRODUCED, "fig8_chance": NOT_REPRODUCED, "table3": REPRODUCED,
    "set_scores": NOT_REPRODUCED,
    "named_tfs": NOT_REPRODUCED, "base_equal": REPRODUCED, "base_slower": REPRODUCED, "init_steps": NOT_REPRODUCED,
    "few_rounds": REPRODUCED, "few_steps": PARTLY, "masked_glad": NOT_REPRODUCED, "table1": REPRODUCED,
    "table2": PARTLY, "noisy_gladtf_auprc": NOT_REPRODUCED, "noisy_fail": UNTESTED,
    "ours_real": NOT_REPRODUCED, "ours_cells": NOT_REPRODUCED,
}  # fmt: skip
DIFFERENCE = re.compile(r"([+-]\d+\.\d+) \[")  # with its interval
# Numbers that a paragraph takes from those behind a claim: name here -> claim, and where the number stands in them.
TAKEN = {
    "auroc_25": ("noisy_auroc", r"AUROC ([\d.]+) and [\d.]+ at 25 %"),
    "auroc_50": ("noisy_auroc", r"([\d.]+) and [\d.]+ at 50 %"),
    "auprc_higher": ("fig8_auprc", r"strict: higher in (\d+)"),
    "auprc_pairs": ("fig8_auprc", r"strict: higher in \d+, lower in \d+ of (\d+)"),
    "auprc_package": ("fig8_auprc", r"default settings strict higher in (\d+)"),
    "auprc_printed": ("fig8_auprc", r"that the paper prints strict higher in (\d+)"),
    "auroc_higher": ("fig8_auroc", r"strict:? higher in (\d+)"),
    "auroc_pairs": ("fig8_auroc", r"strict:? higher in \d+, lower in \d+ of (\d+)"),
    "mdc_higher": ("fig8_mdc", r"strict:? higher in (\d+)"),
    "mdc_pairs": ("fig8_mdc", r"strict:? higher in \d+, lower in \d+ of (\d+)"),
    "chip_printed": ("fig8_chance", r"Non-Specific-ChIP-seq: printed ([\d.]+)"),
    "chip_random": ("fig8_chance", r"Non-Specific-ChIP-seq: printed [\d.]+, random ([\d.]+)"),
    "inside_grnular": ("set_scores", r"AUROC inside against outside ([\d.]+)"),
    "inside_correlation": ("set_scores", r"correlation ([\d.]+)"),
    "named_tfs": ("named_tfs", r"(\d+ of \d+) \(TF, seed"),
    "named_chance": ("named_tfs", r"by chance (\d+) ?%"),
    "times_glasso": ("table2", r"forward pass \([^)]*\): GLASSO ([\d.]+)"),
    "times_trees": ("table2", r"forward pass \([^)]*\): .*GRNBoost2 \(arboreto\) ([\d.]+)"),
}
READINGS_SHOWN = ("reference", "loss of all iterations", "loss on Z", "loss on Z, inner gradient cut")


def numbers(folder: Path) -> dict[str, object]:
    """Every number of the text by its name."""
    claims, timed = registry.table(folder), Record("runtimes", folder).rows()
    found = overview.main_numbers(folder, TITLES)
    counts = registry.counts(claims).set_index("verdict")
    for column, prefix in (("strict protocol", "strict"), ("paper's protocol", "papers")):
        words = {REPRODUCED: "reproduced", PARTLY: "partly", NOT_REPRODUCED: "failed", UNTESTED: "untested"}
        found |= {f"{prefix}_{name}": int(counts.loc[word, column]) for word, name in words.items()}
    papers = registry.papers(claims)
    found |= {"n_claims": len(papers), "n_early": int(papers["early"].sum())}
    found |= {"n_both": int(((papers["by_paper"] != "") & (papers["verdict"] != UNTESTED)).sum())} | beside_blood(folder)
    behind = dict(zip(claims["name"], claims["numbers"], strict=True))
    found |= {f"claim_{name}": text for name, text in behind.items()} | taken(behind) | {"margin": MARGIN}
    found |= {f"span_{name}": span(text) for name, text in behind.items()}
    found |= runtimes.forward_numbers(runtimes.forward_passes(timed, pd.read_csv(folder / "paper_table1.csv")))
    found |= runtimes.arboreto_numbers(timed, runtimes.against(folder, "grnboost2-arboreto"))
    found |= {f"seconds_{row.method}": row.seconds for row in timed.itertuples()}
    found |= {"recorded_on": runtimes.recorded_on(timed)}
    for name in ("clean", "noisy"):
        rows = grids.rows(name, folder)
        graphs = graph_numbers(rows[rows["method"].isin(CURVES)])
        found |= {f"graphs_{name}": graphs["most_graphs"], f"fewer_{name}": graphs["fewer_with"]}
    found |= ablations.setting_numbers(learning.rows(folder))
    found |= ablations.algorithm_numbers(learning.ablation_rows(folder))
    found |= readings.reading_numbers(Record(READINGS, folder).rows())
    found |= {"kept": learning.kept_in_words([f"grnular-{name}" for name in ("clean", "noisy", "DS1", "DS2")])}
    pairs = recorded_pairs(folder)
    found |= beeline_scores.paper_numbers(pairs)
    means = beeline_scores.mean_numbers(ranked(pairs))
    within = [means[f"ratio_{name}"] for name in beeline_scores.CLUSTERS]
    found |= means | {"within_least": min(within), "within_most": max(within)}
    cells = Record(MORE_CELLS, folder).rows()
    found |= more_cells.kind_numbers(cells, CURATED) | more_cells.kind_numbers(cells, CHIP)
    found |= more_cells.curated_numbers(cells)
    found |= held_out.held_out_numbers(Record(HELD_OUT, folder).rows())
    found |= pitfalls.floor_numbers(pitfalls.floor_table(np.random.default_rng(0), 20))
    return found | statement_numbers(recorded_statements(folder, ["grnular"], "TFs+500")["grnular"])


def span(numbers: str) -> str | None:
    """The least and the greatest of the first differences with intervals behind a claim; one where all are the same."""
    for clause in re.split(r"; (?![^(]*\))", numbers):  # not those inside of brackets
        found = sorted(DIFFERENCE.findall(clause), key=float)
        if found:
            return found[0] if found[0] == found[-1] else f"{found[0]} to {found[-1]}"
    return None


def taken(behind: dict[str, str]) -> dict[str, str]:
    """The numbers of ``TAKEN``; one that does not stand where it is looked for stops the build."""
    found = {name: re.search(pattern, behind[claim]) for name, (claim, pattern) in TAKEN.items()}
    absent = [name for name, at in found.items() if at is None]
    if absent:
        raise BuildError(f"book/article.py: the numbers behind claims have no {', '.join(absent)} as TAKEN looks for them")
    return {name: at[1] for name, at in found.items()}


def edition(environ) -> str:
    """Date and commit of the text, and the address of its repository where the build knows it."""
    parts = []
    try:
        words = ["git", "-C", str(ROOT), "show", "-s", "--format=%cs %h", "--abbrev=10", "HEAD"]
        date, commit = subprocess.run(words, check=True, capture_output=True, text=True, timeout=20).stdout.split()
        parts += [f"**Date** {date}", f"**Commit** `{commit}`"]
    except (OSError, subprocess.CalledProcessError):  # an unpacked archive
        pass
    address = repository_address(environ)
    return " · ".join(parts + ([f"**Repository** [{address}]({address})"] if address else []))


def ranked(pairs: pd.DataFrame) -> beeline_scores.Ranking:
    """The methods of the page on real data, best first."""
    return beeline_scores.ranking(pairs, [m for m in beeline_scores.SHOWN if m in set(pairs["method"])])


def filled(text: str, known: dict[str, object]) -> str:
    """The text with its numbers; an unknown name, and a number that is not recorded, stop the build."""

    def fill(found: re.Match[str]) -> str:
        value = known.get(found[1])
        if value is None or value != value:
            raise BuildError(f"book/article/article.md: {found[1]} is {'unknown' if value is None else 'not recorded'}")
        return MINUS.sub("−", format(value, found[2] or ""))

    return GLUE.sub(fill, text)


def tables(folder: Path) -> dict[str, str]:
    """The tables of the article as Markdown, by the name under which the text includes them."""
    claims = registry.table(folder)
    first = claims[claims["headline"] > 0].sort_values("headline")
    headlines = [
        [
            row.claim, "this work" if row.ours else row.source, MINUS.sub("−", row.numbers),
            f"**{verdict(row)}**",
        ]
        for row in first.itertuples()
    ]  # fmt: skip
    seconds = runtimes.every_method(Record("runtimes", folder).rows(), pd.read_csv(folder / "paper_table2.csv"))
    parts = []
    for section, rows in claims.groupby("section", sort=False):
        parts += [[f"**{section}**", "", "", ""]]
        parts += [
            [row.claim, "this work" if row.ours else row.source, verdict(row), in_words(row.by_paper, row.ours) or "–"]
            for row in rows.itertuples()
        ]
    return {
        "headlines": table(["claim", "source", "result of this reproduction", "verdict"], headlines),
        "runtimes": table(list(seconds), seconds.to_numpy()),
        "claims": table(["claim", "source", "strict protocol", "paper's protocol"], parts),
    }


def verdict(row) -> str:
    """The strict verdict of a claim, and whether it is provisional."""
    return in_words(row.verdict, row.ours) + (" (provisional)" if row.early else "")


def figures(folder: Path) -> dict[str, Figure]:
    """The figures of the article, by the file names in the text."""
    found = {"overview": overview_figure(overview.overview(folder))}
    strict = [Row("strict_auprc", "with")]
    for name, panels, own in (
        ("clean", {c: f"C = {c} cell types" for c in grids.CELL_TYPES}, ()),
        ("noisy", {q: f"dropout {q} %" for q in grids.DROPOUTS}, grids.DROPOUTS[1:]),
    ):
        curves = [(method, known) for method, known in grids.all_curves(name) if method in CURVES]
        found[name] = curve_grid(grids.rows(name, folder), strict, panels, curves, grids.CELLS, "cells M", own=own)
    pairs = ranked(recorded_pairs(folder))
    methods = [m for m in pairs.methods if m not in beeline_scores.CLUSTERS[1:]]
    found["real"], ax = plt.subplots(figsize=(6.4, 0.2 * len(methods) + 0.8))
    method_points(ax, pairs.scored, beeline_scores.RATIO, methods, reference=1)
    ax.set(xlabel="strict AUPRC / density of true edges (dashed: random)")
    curves = Record(READINGS, folder).rows()
    found["learning"] = reading_figure(curves, READINGS_SHOWN, readings.TITLES)
    return found


def assemble(folder: Path, site: Path) -> None:
    """The tree that Sphinx reads: the text with numbers, its tables, figures, references and letters."""
    claims = registry.table(folder)
    confirm(claims, BASIS, "book/article/article.md")
    shutil.rmtree(site, ignore_errors=True)
    static = site / "static"
    static.mkdir(parents=True)
    about = citation()
    authors = ", ".join(map(author_name, about["authors"]))
    known = numbers(folder) | {"version": about["version"], "licence": about["license"], "authors": authors}
    known["edition"] = edition(os.environ)
    text = filled((SOURCE / "article.md").read_text(encoding="utf-8"), known)
    for name, content in tables(folder).items():
        text = text.replace(f"\n!{name}\n", f"\n{content}")
    (site / "article.md").write_text(text, encoding="utf-8")
    use_style()
    with matplotlib.rc_context({"svg.fonttype": "path"}):
        for name, figure in figures(folder).items():
            figure.savefig(site / f"{name}.svg", metadata={"Date": None})
            plt.close(figure)
    shutil.copy(ROOT / "book" / "references.bib", site)
    shutil.copy(SOURCE / "article.css", static)
    letters = Path(matplotlib.get_data_path()) / "fonts" / "ttf"
    for path in [*letters.glob("STIXGeneral*.ttf"), letters / "DejaVuSansMono.ttf"]:
        shutil.copy(path, static)
    copy_mathjax(site / "extra" / "mathjax")
    write_yaml(site / "_toc.yml", {"format": "jb-book", "root": "article"})
    write_yaml(site / "_config.yml", configuration(about["title"]))


def configuration(title: str) -> dict:
    """Settings of the one page: those of the book that matter to it, and no theme around it."""
    return {
        "title": title,
        "execute": {"execute_notebooks": "off"},
        "parse": {"myst_enable_extensions": ["amsmath", "attrs_inline", "colon_fence", "dollarmath"]},
        "bibtex_bibfiles": ["references.bib"],
        "only_build_toc_files": True,
        "sphinx": {
            "config": {
                "extensions": ["myst_nb", "jupyter_book", "sphinx_comments", "sphinx_external_toc", "sphinxcontrib.bibtex"],
                "html_theme": "basic", "html_theme_options": {}, "html_sidebars": {"**": []}, "html_title": "",
                "html_static_path": ["static"], "html_css_files": ["article.css"], "html_extra_path": ["extra"],
                "mathjax_path": "../mathjax/tex-chtml.js", "nb_ipywidgets_js": {}, "html_copy_source": False,
                "bibtex_reference_style": "label", "numfig": True, "html_permalinks": False,
                "html_show_copyright": False, "html_show_sphinx": False, "smartquotes": False,
            }
        },
    }  # fmt: skip


def build_article(target: Path = PDF) -> Path | None:
    """Write the article and return where it is; without a browser the page is made and no PDF: None."""
    target.unlink(missing_ok=True)
    site, output = SITE / "source", SITE / "output"
    assemble(NOTEBOOKS / "recorded", site)
    shutil.rmtree(output, ignore_errors=True)
    html = run_sphinx(site, output, BUILD / "article.log")
    if BROWSER is None:
        return None
    print_page(html / "article.html", target)
    return target


def main() -> int:
    try:
        printed = build_article()
    except BuildError as error:
        print(f"\n{error}", file=sys.stderr)
        return 1
    print(printed or "The PDF was left out: it is printed by Chromium or Chrome, and there is none here.")
    return 0


if __name__ == "__main__":
    sys.exit(main())
