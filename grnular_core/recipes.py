"""Recipes: everything that fixes a trained model."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, field
from typing import Any, Literal

from torch import nn

from grnular_core.errors import InputError
from grnular_core.glad import GLAD, GLADTF, GLADConfig
from grnular_core.grnular import GRNULar, GRNULarConfig
from grnular_core.grnular_base import GRNULarBase

MODELS: dict[str, tuple[type[nn.Module], type]] = {
    "grnular": (GRNULar, GRNULarConfig),
    "grnular-base": (GRNULarBase, GRNULarConfig),
    "glad": (GLAD, GLADConfig),
    "glad-tf": (GLADTF, GLADConfig),
}
Graphs = tuple[tuple[str, int], ...]  # (family or preset, how many graphs)


@dataclass(frozen=True)
class Recipe:
    """How a model is trained.

    ``loss``: "balanced" is Eq. 16 and "summed" Eq. 11 of Z (of |theta| for GLAD), with ``beta``;
    "cross-entropy" and "smooth-ap" act on the logits of a rho_nn that sees context. ``iterates``:
    the loss of the last cell (paper) or the mean over all L (2020 code). ``schedule``: a constant
    ``lr`` or one that rises over a tenth of the steps and falls to 0. ``shuffled`` trains on labels
    dealt out at random within each graph, as a control.
    """

    model: Literal["grnular", "grnular-base", "glad", "glad-tf"] = "grnular"
    config: GRNULarConfig | GLADConfig = field(default_factory=GRNULarConfig)
    train: Graphs = (("clean", 20),)
    valid: Graphs = (("clean", 20),)
    epochs: int = 20
    batch: int = 4
    lr: float = 0.01
    schedule: Literal["constant", "rise-and-fall"] = "constant"
    weight_decay: float = 0.0
    loss: Literal["balanced", "summed", "cross-entropy", "smooth-ap"] = "balanced"
    beta: float = 2.0
    iterates: Literal["last", "all"] = "all"
    shuffled: bool = False
    seed: int = 0

    def __post_init__(self) -> None:
        if self.model not in MODELS:
            raise InputError(f"unknown model {self.model!r}; use one of {', '.join(MODELS)}")
        wanted = MODELS[self.model][1]
        if not isinstance(self.config, wanted):
            raise InputError(
                f"model {self.model!r} takes a {wanted.__name__}, got {type(self.config).__name__}"
            )

    def new_model(self) -> nn.Module:
        """The untrained model."""
        return MODELS[self.model][0](self.config)

    def as_dict(self) -> dict[str, Any]:
        """Plain values, as stored in JSON; ``from_dict`` undoes it."""
        return json.loads(json.dumps(asdict(self)))

    @classmethod
    def from_dict(cls, values: dict[str, Any]) -> Recipe:
        """Raises ``InputError`` when the values do not describe a recipe of this version."""
        try:
            values = dict(values)
            config = dict(values.pop("config"))
            if config.get("hidden") is not None:
                config["hidden"] = tuple(config["hidden"])
            for part in ("train", "valid"):
                values[part] = tuple((str(kind), int(count)) for kind, count in values[part])
            return cls(config=MODELS[values["model"]][1](**config), **values)
        except (KeyError, TypeError, ValueError) as error:
            raise InputError(f"this is no recipe of this version of the package: {error}") from None
