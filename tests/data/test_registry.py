"""The list of files: complete, consistent, and helpful about misspelt keys."""

import re
from pathlib import Path, PurePosixPath

import pooch
import pytest

from grnular_core.data import registry
from grnular_core.data.beeline import DATASETS
from grnular_core.data.downloads import available, cache_folder
from grnular_core.utils.errors import InputError

DATA, NETWORKS = "beeline/full/BEELINE-data.zip", "beeline/full/BEELINE-Networks.zip"


def test_every_entry_is_a_safe_path_with_a_hash_and_a_pinned_https_address():
    entries = registry.registry()
    assert len(entries) == 106 and list(entries) == sorted(entries)
    for key, item in entries.items():
        assert key == item.key and item.url.startswith("https://") and item.licence
        assert not PurePosixPath(key).is_absolute() and ".." not in key and "\\" not in key
        assert re.fullmatch("[0-9a-f]{64}", item.sha256)
        assert item.size is None or item.size > 0
        # A branch name would let the bytes change under us.
        assert "zenodo.org/records/" in item.url or re.search("/[0-9a-f]{40}/", item.url)
    # only the full archives are unconfirmed and of unknown size
    assert [i.key for i in entries.values() if not i.confirmed or i.size is None] == [
        NETWORKS,
        DATA,
    ]


def test_members_have_known_archives_safe_paths_and_one_hash_in_both_lists():
    assert list(registry.members()) == sorted(registry.members())
    assert {archive for archive, _ in registry.members()} == {DATA, NETWORKS}
    for item in registry.members().values():
        assert not item.name.startswith("/") and ".." not in item.name
        assert (item.sha256 is None) == (item.size is None)
        if item.confirmed:
            known = registry.entry("beeline/" + item.name.removeprefix("BEELINE-data/"))
            assert (item.sha256, item.size) == (known.sha256, known.size)


def test_every_dataset_has_its_networks_and_its_place_in_the_archive():
    for dataset in DATASETS:
        for genes in ("TFs+500", "TFs+1000"):
            assert len(registry.keys(f"beeline/{genes}/{dataset}/*-network.csv.gz")) == 3
        for name in ("ExpressionData", "GeneOrdering", "PseudoTime"):
            inside = registry.member(DATA, f"{dataset}/{name}.csv")
            assert inside.name == f"BEELINE-data/inputs/scRNA-Seq/{dataset}/{name}.csv"
            assert inside.sha256 and inside.size


def test_a_member_is_found_in_any_case():
    for given, name in [
        ("HUMAN/non-Specific-chip-seq-network.csv", "human/Non-specific-ChIP-seq-network.csv"),
        ("mouse/non-specific-ChIP-seq-network.csv", "mouse/Non-Specific-ChIP-seq-network.csv"),
    ]:
        assert registry.member(NETWORKS, given).name == f"Networks/{name}"


@pytest.mark.parametrize(
    ("look", "message"),
    [
        (lambda: registry.entry("beeline/TF+500/hESC/STRING-network.csv.gz"), "did you mean .*hESC/S"),
        (lambda: registry.entry("?"), "there are 106, such as beeline"),
        (lambda: registry.member(DATA, "scRNA-Seq/hES/ExpressionData.csv"), "did you mean .*hESC/Exp"),
        (lambda: registry.member("beeline/B.zip", "hESC/x.csv"), "not a file of the registry"),
        (lambda: registry.member("sergio/DS1/gt_GRN.csv", "a/b"), "not a known member .*; none is"),
        (lambda: registry.keys("sergio/DS4/"), "no file of the registry matches 'sergio/DS4/'"),
    ],
)  # fmt: skip
def test_what_is_unknown_is_refused_with_the_nearest(look, message):
    with pytest.raises(InputError, match=message):
        look()


def test_keys_are_listed_by_prefix_and_by_pattern():
    assert len(registry.keys()) == 106
    names = ("Interaction_cID_4.txt", "Regs_cID_4.txt", "gt_GRN.csv")
    assert registry.keys("sergio/DS1/") == [f"sergio/DS1/{name}" for name in names]
    assert registry.keys("*/gt_GRN.csv") == [f"sergio/DS{i}/gt_GRN.csv" for i in (1, 2, 3)]


def test_real_files_have_the_registered_bytes(real_data, monkeypatch):
    folder = cache_folder()
    here = [key for key in registry.registry() if (folder / key).exists()]
    before = _listing(folder)
    monkeypatch.setattr("requests.get", lambda *_, **__: pytest.fail("the network was used"))
    for key, path in available(here).paths.items():
        item = registry.entry(key)
        assert path == folder / key
        assert item.size in (None, path.stat().st_size)
        assert pooch.file_hash(str(path), alg="sha256") == item.sha256
    assert _listing(folder) == before


def _listing(folder: Path) -> list[tuple[str, int]]:
    return sorted((str(path), path.stat().st_mtime_ns) for path in folder.rglob("*"))
