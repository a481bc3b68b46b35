"""The article: its numbers come from the record, and the printed file is whole."""

import re
import shutil
import subprocess

import article
import pytest
from execute import BuildError
from grnular_paper.claims import registry
from grnular_paper.records import recorded_folder
from grnular_paper.verdicts import in_words
from rendering import BROWSER

TEXT = (article.SOURCE / "article.md").read_text(encoding="utf-8")


def test_a_number_is_written_in_its_format_and_one_that_is_missing_stops_the_build():
    known = {"a-b": -0.25, "words": "lower by -0.1 (GRNULar-2, 1e-3)", "gone": float("nan")}
    assert article.filled("{glue:text}`a-b:.1f`; {glue:text}`words`", known) == "−0.2; lower by −0.1 (GRNULar-2, 1e-3)"
    for name, why in (("gone", "not recorded"), ("other", "unknown")):
        with pytest.raises(BuildError, match=f"{name} is {why}"):
            article.filled(f"{{glue:text}}`{name}`", known)


def test_a_paragraph_takes_two_numbers_of_a_claim_and_no_interval():
    numbers = article.numbers(recorded_folder())
    pasted = {found[0]: str(numbers[found[0]]) for found in article.GLUE.findall(TEXT) if found[0].startswith(("claim_", "span_"))}
    assert len(pasted) > 5
    for name, text in pasted.items():
        assert "[" not in text and len(re.findall(r"\d+(?:\.\d+)?", text)) <= 2, name
    assert numbers["span_clean_paper_simple"].count("to") == 1 and set(article.TAKEN) <= set(numbers)


@pytest.mark.parametrize(
    ("numbers", "shown"),
    [
        ("x (2: 0.8); minus that of A +0.2 [+0.1, +0.3] (p 0.1), B -0.10 [-0.2, +0.1]; with others C +0.9 [+0.8, +1.0]", "-0.10 to +0.2"),
        ("minus that of A +0.2 [+0.1, +0.3] (p 0.1; 4/5), B +0.2 [-0.3, +0.7] (p 0.2; 3/5)", "+0.2"),
        ("7 of 7", None),
    ],
)
def test_the_first_differences_behind_a_claim_are_told_by_their_ends(numbers, shown):
    assert article.span(numbers) == shown


def test_numbers_that_are_not_where_they_are_looked_for_stop_the_build():
    with pytest.raises(BuildError, match="no auroc_25, .* as TAKEN looks for them"):
        article.taken(dict.fromkeys((claim for claim, _ in article.TAKEN.values()), "nothing"))


def test_the_article_says_when_and_of_which_commit_it_is_and_where_the_code_lies_if_that_is_known():
    assert re.fullmatch(r"\*\*Date\*\* \d{4}-\d\d-\d\d · \*\*Commit\*\* `[0-9a-f]{10}`", article.edition({}))
    assert article.edition({"GITHUB_REPOSITORY": "someone/grnular"}).endswith("(https://github.com/someone/grnular)")


def test_the_table_of_main_claims_says_which_are_of_this_work():
    rows = [line.split(" | ") for line in article.tables(recorded_folder())["headlines"].splitlines()[2:]]
    claims = registry.table(recorded_folder()).set_index("claim")
    assert len(rows) > 5
    assert all((source == "this work") == claims.loc[[claim.strip("| ")], "ours"].any() for claim, source, *_ in rows)


def test_the_text_has_no_typed_result_and_every_claim_is_in_its_table():
    results = TEXT.split("\n## Results\n")[1].split("\n## Discussion\n")[0]
    prose = article.GLUE.sub("", re.sub(r"```.*?```", "", results, flags=re.DOTALL))
    assert re.findall(r"\d+\.\d+", prose) == ["0.25"]  # the least p of three networks
    claims = registry.table(recorded_folder())
    lines = article.tables(recorded_folder())["claims"].splitlines()[2:]
    rows = [row for line in lines if (row := line.strip("| ").split(" | "))[1:]]
    assert [row[0] for row in rows] == claims["claim"].tolist()
    assert [row[2].removesuffix(" (provisional)") for row in rows] == [
        in_words(verdict, ours) for verdict, ours in zip(claims["verdict"], claims["ours"], strict=True)
    ]


@pytest.mark.slow
@pytest.mark.skipif(BROWSER is None or not shutil.which("pdftotext"), reason="needs Chromium and poppler")
def test_the_printed_article_is_whole(tmp_path):
    target = article.build_article(target=tmp_path / "article.pdf")
    content = target.read_bytes()
    assert 8 <= len(re.findall(rb"/Type\s*/Page\b", content)) <= 12
    fonts = subprocess.run(["pdffonts", target], capture_output=True, text=True, check=True).stdout
    lines = [line[line.index("yes") if "yes" in line else 0 :].split() for line in fonts.splitlines()[2:]]
    assert len(lines) > 4 and all(line[0] == "yes" for line in lines), fonts  # embedded
    text = subprocess.run(["pdftotext", target, "-"], capture_output=True, text=True, check=True).stdout
    text = " ".join(text.split())
    claims = registry.table(recorded_folder())
    for verdict, count in claims["verdict"].value_counts().items():
        assert text.count(verdict) >= count, verdict
    assert all(section in text for section in ("Abstract.", "Methods", "Results", "References", "Fig. 5", "Table 3"))
    assert not re.search(r"\bnan\b|glue:|\?\?|!claims", text, re.IGNORECASE)
