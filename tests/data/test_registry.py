"""The list of files: complete, consistent, and helpful about misspelt keys."""

from __future__ import annotations

import os
import re
from pathlib import Path, PurePosixPath

import pooch
import pytest

from grnular_core.data import registry
from grnular_core.data.downloads import available, cache_folder
from grnular_core.utils.errors import InputError

DATA, NETWORKS = "beeline/full/BEELINE-data.zip", "beeline/full/BEELINE-Networks.zip"
DATASETS = ("hESC", "hHep", "mDC", "mESC", "mHSC-E", "mHSC-GM", "mHSC-L")


def test_every_entry_is_a_safe_path_with_a_hash_and_a_pinned_https_address() -> None:
    assert len(registry.registry()) == 84
    for key, item in registry.registry().items():
        assert key == item.key and item.url.startswith("https://") and item.licence
        assert not PurePosixPath(key).is_absolute() and ".." not in key and "\\" not in key
        assert re.fullmatch("[0-9a-f]{64}", item.sha256)
        assert item.size is None or item.size > 0
        # A branch name would let the bytes change under us.
        assert "zenodo.org/records/" in item.url or re.search("/[0-9a-f]{40}/", item.url)


def test_entries_and_members_come_sorted() -> None:
    assert list(registry.registry()) == sorted(registry.registry())
    assert list(registry.members()) == sorted(registry.members())


def test_only_the_full_archives_are_unconfirmed_and_of_unknown_size() -> None:
    items = registry.registry().values()
    assert [item.key for item in items if not item.confirmed] == [NETWORKS, DATA]
    assert [item.key for item in items if item.size is None] == [NETWORKS, DATA]


def test_every_dataset_has_its_networks_and_its_place_in_the_archive() -> None:
    for dataset in DATASETS:
        for genes in ("TFs+500", "TFs+1000"):
            found = registry.keys(f"beeline/{genes}/{dataset}/*-network.csv.gz")
            assert len(found) == 3
        for name in ("ExpressionData", "GeneOrdering", "PseudoTime"):
            inside = registry.member(DATA, f"{dataset}/{name}.csv")
            assert inside.name == f"BEELINE-data/inputs/scRNA-Seq/{dataset}/{name}.csv"
            assert inside.sha256 and inside.size


def test_a_file_listed_twice_has_one_hash_in_both_lists() -> None:
    for item in registry.members().values():
        alone = "beeline/" + item.name.removeprefix("BEELINE-data/")
        if item.confirmed:
            known = registry.entry(alone)
            assert (item.sha256, item.size) == (known.sha256, known.size)


def test_members_belong_to_known_archives_and_have_safe_paths() -> None:
    assert {archive for archive, _ in registry.members()} == {DATA, NETWORKS}
    for item in registry.members().values():
        assert not item.name.startswith("/") and ".." not in item.name
        assert (item.sha256 is None) == (item.size is None)
        assert item.sha256 is not None or not item.confirmed


def test_a_member_is_found_in_any_case() -> None:
    assert registry.member(NETWORKS, "HUMAN/non-Specific-chip-seq-network.csv").name == (
        "Networks/human/Non-specific-ChIP-seq-network.csv"
    )
    assert registry.member(NETWORKS, "mouse/non-specific-ChIP-seq-network.csv").name == (
        "Networks/mouse/Non-Specific-ChIP-seq-network.csv"
    )


def test_an_unknown_key_is_refused_with_the_nearest_ones() -> None:
    with pytest.raises(InputError, match=r"did you mean .*beeline/TFs\+500/hESC/STRING"):
        registry.entry("beeline/TF+500/hESC/STRING-network.csv.gz")
    with pytest.raises(InputError, match="there are 84, such as beeline"):
        registry.entry("?")


def test_an_unknown_member_is_refused_with_the_nearest_ones() -> None:
    with pytest.raises(InputError, match="did you mean .*hESC/ExpressionData.csv"):
        registry.member(DATA, "BEELINE-data/inputs/scRNA-Seq/hES/ExpressionData.csv")
    with pytest.raises(InputError, match="not a file of the registry"):
        registry.member("beeline/BEELINE.zip", "hESC/ExpressionData.csv")
    with pytest.raises(InputError, match="not a known member of sergio/DS1/gt_GRN.csv; none is"):
        registry.member("sergio/DS1/gt_GRN.csv", "hESC/ExpressionData.csv")


def test_keys_are_listed_by_prefix_and_by_pattern() -> None:
    assert len(registry.keys()) == 84
    assert registry.keys("sergio/DS1/") == [
        "sergio/DS1/Interaction_cID_4.txt",
        "sergio/DS1/Regs_cID_4.txt",
        "sergio/DS1/gt_GRN.csv",
    ]
    assert registry.keys("*/gt_GRN.csv") == [f"sergio/DS{i}/gt_GRN.csv" for i in (1, 2, 3)]
    with pytest.raises(InputError, match="no file of the registry matches 'sergio/DS4/'"):
        registry.keys("sergio/DS4/")


def test_the_host_is_what_a_reader_knows() -> None:
    assert registry.entry(DATA).host == "zenodo.org"


def test_real_files_have_the_registered_bytes(monkeypatch: pytest.MonkeyPatch) -> None:
    if not os.environ.get("GRNULAR_DATA"):
        pytest.skip("GRNULAR_DATA is not set: no folder with the real files")
    folder = cache_folder()
    here = [key for key in registry.registry() if (folder / key).exists()]
    if not here:
        pytest.skip("GRNULAR_DATA points to a folder without any file of the registry")
    before = _listing(folder)

    def no_network(*args: object, **kwargs: object) -> None:
        raise AssertionError("the network was used for a file that is in the cache")

    monkeypatch.setattr("socket.create_connection", no_network)
    monkeypatch.setattr("requests.get", no_network)
    for key, path in available(here, progress=False).paths.items():
        item = registry.entry(key)
        assert path == folder / key
        assert item.size in (None, path.stat().st_size)
        assert pooch.file_hash(str(path), alg="sha256") == item.sha256
    assert _listing(folder) == before


def _listing(folder: Path) -> list[tuple[str, int]]:
    return sorted((str(path), path.stat().st_mtime_ns) for path in folder.rglob("*"))
