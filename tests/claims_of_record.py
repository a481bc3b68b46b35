"""Claims by their names, and copies of a part of the record, for tests."""

import shutil
from pathlib import Path

from grnular_paper.claims.sentences import CLAIMS
from grnular_paper.findings import Claim
from grnular_paper.records import recorded_folder

RECORD = recorded_folder()


def copy_of_record(folder: Path, *names: str) -> Path:
    """A folder with what the paper prints, and these tables of ours."""
    kept = [*RECORD.glob("paper_*.csv"), *RECORD.glob("environments.csv")]
    for path in [*kept, *(RECORD / f"{name}.csv" for name in names)]:
        shutil.copy(path, folder)
    return folder


def named(name: str) -> Claim:
    return next(claim for claim in CLAIMS if claim.name == name)
