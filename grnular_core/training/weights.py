"""Trained models as files that nobody can damage, swap or edit unnoticed.

``NAME.safetensors`` holds the parameters, ``NAME.json`` how they came about and a hash of each. Both are
plain data: loading them executes nothing. Those of this package lie in ``weights``. Whether weights fit a method is
checked by ``methods.registry.check_method``.
"""

from __future__ import annotations

import hashlib
import json
import re
from dataclasses import dataclass, replace
from difflib import get_close_matches
from functools import lru_cache
from importlib.resources import files
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, Protocol

from grnular_core import __version__
from grnular_core.utils.errors import InputError
from grnular_core.utils.files import atomic_write, place
from grnular_core.utils.provenance import package_commit

if TYPE_CHECKING:  # torch is loaded only when weights are
    from torch import Tensor, nn

    from grnular_core.training.checkpoints import Progress
    from grnular_core.training.recipes import Recipe

FORMAT = 1
ENDINGS = (".safetensors", ".json")


class _Readable(Protocol):
    """A file of a folder or of an installed package."""

    def read_bytes(self) -> bytes:
        """All of its bytes."""


@dataclass(frozen=True)
class TrainedModel:
    """Parameters whose files were found whole, and how they came about."""

    name: str
    recipe: Recipe
    tensors: dict[str, Tensor]
    metadata: dict[str, Any]  # the .json: recipe, validation, history, version and hashes

    @property
    def digest(self) -> str:
        """The first ten digits of the parameters' sha256, by which the record names them."""
        return self.metadata["sha256"][:10]

    def model(self, seed: int | None = None, kind: str | None = None) -> nn.Module:
        """Make a model of its own with these parameters.

        Parameters
        ----------
        seed : int, optional
            For what the model draws while inferring; the recipe's when left out.
        kind : str, optional
            Another key of ``recipes.MODELS`` that learns the same parts, as grnular-base and grnular do.

        Returns
        -------
        Module
        """
        recipe = self.recipe if kind is None else replace(self.recipe, model=kind)
        if seed is not None:
            recipe = replace(recipe, config=replace(recipe.config, seed=seed))
        model = recipe.new_model()
        model.load_state_dict(self.tensors)
        return model


def shipped() -> list[str]:
    """Name the weights that come with this package.

    Returns
    -------
    list of str
        Sorted.
    """
    folder = files("grnular_core") / "weights"
    if not folder.is_dir():
        return []
    names = [entry.name for entry in folder.iterdir() if entry.name.endswith(".json")]
    return sorted(name.removesuffix(".json") for name in names)


def load_model(name_or_path: str | Path, seed: int | None = None) -> nn.Module:
    """Load a trained model.

    Parameters
    ----------
    name_or_path : str or Path
        As for ``read_trained``.
    seed : int, optional
        For what the model draws while inferring.

    Returns
    -------
    Module

    Raises
    ------
    InputError
        As ``read_trained``.
    """
    return read_trained(name_or_path).model(seed)


def read_trained(name_or_path: str | Path) -> TrainedModel:
    """Read the weights of a trained model and how they came about.

    Parameters
    ----------
    name_or_path : str or Path
        A name of ``shipped``, or a file ``NAME.safetensors`` (or ``NAME.json``, or ``NAME``) with the
        other beside it.

    Returns
    -------
    TrainedModel

    Raises
    ------
    InputError
        When there are none, when a file is damaged, edited or not the one that the other belongs to,
        and when they are of a version of the package that does not fit.
    """
    if isinstance(name_or_path, str) and name_or_path in shipped():
        return _shipped(name_or_path)
    path = Path(name_or_path)
    stem = path.name
    for ending in ENDINGS:
        stem = stem.removesuffix(ending)
    if not stem:
        raise InputError(_not_found(name_or_path))
    parameters, about = (path.with_name(stem + ending) for ending in ENDINGS)
    kinds = [place(file) for file in (parameters, about)]
    if "other" in kinds:
        raise InputError(f"the weights {name_or_path} are a pipe or device; expected plain files")
    if "file" not in kinds:
        raise InputError(_not_found(name_or_path))
    return _read(stem, parameters, about, str(path.with_name(stem)))


@lru_cache
def _shipped(name: str) -> TrainedModel:
    """Read weights of the package, once."""
    folder = files("grnular_core") / "weights"
    parameters, about = (folder / (name + ending) for ending in ENDINGS)
    return _read(name, parameters, about, f"the package's weights {name}")


def _not_found(name: str | Path) -> str:
    """Say that there are no such weights, and which there are."""
    names = shipped()
    renamed = "grnular-context" if name == "grnular" else re.sub("^paper-", "grnular-", str(name))
    if renamed != str(name) and renamed in names:
        return f"the weights {str(name)!r} are now called {renamed!r}"
    near = get_close_matches(str(name), names, n=2, cutoff=0.5)
    hint = f"; did you mean {' or '.join(near)}?" if near else "."
    return (
        f"no weights {str(name)!r}{hint} Known: {', '.join(names) or 'none'}; or give a file "
        f"NAME.safetensors that `python -m grnular_core train` has written, NAME.json beside it"
    )


def _read(name: str, parameters: _Readable, about: _Readable, where: str) -> TrainedModel:
    """Read and check both files."""
    from grnular_core.training.recipes import Recipe

    try:
        metadata = _checked_text(about.read_bytes())
        recipe = Recipe.from_dict(metadata["recipe"])
        data = parameters.read_bytes()
        if hashlib.sha256(data).hexdigest() != metadata["sha256"]:
            raise ValueError(f"{parameters.name} is damaged, or belongs to another .json")
        return TrainedModel(name, recipe, _checked_tensors(data, recipe), metadata)
    except OSError as error:
        raise InputError(f"{where}: {error.filename} cannot be read: {error.strerror}") from None
    except (KeyError, TypeError, ValueError) as error:
        why = f"{error} is missing in {about.name}" if isinstance(error, KeyError) else str(error)
        raise InputError(f"{where} cannot be used: {why}") from None


def _checked_text(data: bytes) -> dict[str, Any]:
    """Read the .json, if it is as it was written."""
    try:
        metadata = json.loads(data)
        if not isinstance(metadata, dict) or "format" not in metadata:
            raise ValueError
    except (ValueError, RecursionError):
        raise ValueError("its .json is not that of weights, or damaged") from None
    if metadata["format"] != FORMAT:
        raise ValueError(
            f"its format is {metadata['format']!r} and this version, {__version__}, reads {FORMAT}; "
            "install the version that wrote it, or train again"
        )
    if metadata.get("sha256_of_the_rest") != _digest(metadata):
        raise ValueError("its .json was edited or is damaged")
    return metadata


def _digest(metadata: dict[str, Any]) -> str:
    """Hash everything but the hash itself, however the text is laid out."""
    rest = {key: value for key, value in metadata.items() if key != "sha256_of_the_rest"}
    return hashlib.sha256(json.dumps(rest, sort_keys=True).encode()).hexdigest()


def _checked_tensors(data: bytes, recipe: Recipe) -> dict[str, Tensor]:
    """Read the tensors in the bytes of a safetensors file, if they are those of the recipe's model."""
    from safetensors import SafetensorError
    from safetensors.torch import load

    try:
        tensors = load(data)
    except SafetensorError as error:
        raise ValueError(f"its .safetensors is damaged ({error})") from None
    wanted = recipe.new_model().state_dict()
    for name in sorted({*wanted, *tensors}):
        here, there = wanted.get(name), tensors.get(name)
        if here is None or there is None or here.shape != there.shape or here.dtype != there.dtype:
            raise ValueError(
                f"its {name} is {_shown(there)}, this version's model has {_shown(here)}; "
                "install the version that wrote it, or train again"
            )
        if not there.isfinite().all():
            raise ValueError(f"its {name} holds numbers that are not finite")
    return tensors


def _shown(tensor: Tensor | None) -> str:
    """Describe a tensor, or its absence."""
    return "missing" if tensor is None else f"{tuple(tensor.shape)} of {tensor.dtype}"


def save_trained(
    folder: Path,
    name: str,
    recipe: Recipe,
    progress: Progress,
    measure: Literal["auprc", "auroc"] = "auprc",
    recipe_name: str | None = None,
) -> Path:
    """Write the weights that were best on validation.

    Same recipe, same progress and same version of the package, same bytes. A kill in between leaves
    files that do not fit together, which ``read_trained`` refuses.

    Parameters
    ----------
    folder : Path
        Exists.
    name : str
        Of the files, without ending.
    recipe : Recipe
    progress : Progress
        Its end.
    measure : {"auprc", "auroc"}
        By which they were best.
    recipe_name : str, optional
        Under which the recipe is known.

    Returns
    -------
    Path
        Of the parameters.

    Raises
    ------
    WriteError
        For a full disk or missing rights.
    """
    from safetensors.torch import save

    data = save(progress.best[measure])
    metadata = _metadata(recipe, progress, measure, recipe_name)
    metadata["sha256"] = hashlib.sha256(data).hexdigest()
    metadata["sha256_of_the_rest"] = _digest(metadata)
    parameters, about = (folder / (name + ending) for ending in ENDINGS)
    with atomic_write(parameters) as part:
        part.write_bytes(data)
    with atomic_write(about) as part:
        part.write_text(json.dumps(metadata, indent=2, allow_nan=False) + "\n", encoding="utf-8")
    return parameters


def _metadata(
    recipe: Recipe, progress: Progress, measure: str, recipe_name: str | None
) -> dict[str, Any]:
    """Collect how weights came about; times are left out, so that it is the same again."""
    from grnular_core.training.batches import first_seed

    best, untrained = progress.best_row(measure), progress.history[0]
    return {
        "format": FORMAT,
        "recipe_name": recipe_name,
        "recipe": recipe.as_dict(),
        "data": {
            part: {"graphs": [list(kind) for kind in getattr(recipe, part)], "first_seed": first_seed(part, recipe.seed)}
            for part in ("train", "valid")
        },
        "validation": {
            "chosen_by": measure,
            "best_epoch": best["epoch"],
            "auprc": best["valid_auprc"],
            "auroc": best["valid_auroc"],
            "untrained_auprc": untrained["valid_auprc"],
            "untrained_auroc": untrained["valid_auroc"],
        },
        "history": [{k: v for k, v in row.items() if k != "seconds"} for row in progress.history],
        "n_parameters": sum(value.numel() for value in progress.best[measure].values()),
        "version": __version__,
        "commit": package_commit(),
    }  # fmt: skip
