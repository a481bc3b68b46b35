"""Recipes: everything that fixes a trained model, as plain values."""

from __future__ import annotations

import json
import math
from dataclasses import asdict, dataclass, field
from typing import Any, Literal, get_args, get_origin, get_type_hints

from torch import nn

from grnular_core.models.glad import GLAD, GLADTF, GLADConfig
from grnular_core.models.grnular import GRNULar, GRNULarBase, GRNULarConfig
from grnular_core.utils.errors import InputError

MODELS: dict[str, tuple[type[nn.Module], type]] = {
    "grnular": (GRNULar, GRNULarConfig),
    "grnular-base": (GRNULarBase, GRNULarConfig),
    "glad": (GLAD, GLADConfig),
    "glad-tf": (GLADTF, GLADConfig),
}
Graphs = tuple[tuple[str, int], ...]  # (family or preset, how many graphs)


def _check_values(settings: Any, what: str) -> None:
    """Refuse words that are not among a field's choices, and numbers of the wrong kind."""
    hints = get_type_hints(type(settings))
    for name, value in vars(settings).items():
        hint = hints[name]
        if get_origin(hint) is Literal and value not in get_args(hint):
            raise InputError(f"{name} of a {what} is one of {get_args(hint)}, got {value!r}")
        whole = isinstance(value, int) and not isinstance(value, bool)
        right = {
            bool: isinstance(value, bool),
            int: whole,
            float: whole or (isinstance(value, float) and math.isfinite(value)),
        }.get(hint, True)
        if not right:
            raise InputError(f"{name} of a {what} is a finite {hint.__name__}, got {value!r}")


def _whole(count: Any) -> int:
    """Take a number of graphs as JSON has it; 2.7 graphs are refused."""
    if isinstance(count, bool) or not isinstance(count, int):
        raise ValueError(f"{count!r} is no whole number of graphs")
    return count


@dataclass(frozen=True)
class Recipe:
    """How a model is trained.

    Raises ``InputError`` for values that no recipe has.
    """

    model: Literal["grnular", "grnular-base", "glad", "glad-tf"] = "grnular"
    config: GRNULarConfig | GLADConfig = field(default_factory=GRNULarConfig)
    train: Graphs = (("clean", 20),)
    valid: Graphs = (("clean", 20),)
    epochs: int = 20
    batch: int = 4  # graphs in a step
    lr: float = 0.01
    # The step size stays, or rises over a tenth of the steps and falls to 0.
    schedule: Literal["constant", "rise-and-fall"] = "constant"
    weight_decay: float = 0.0  # of AdamW
    # "balanced" is Eq. 16 and "summed" Eq. 11; "cross-entropy" and "smooth-ap" act on the logits of a rho_nn that
    # sees context ("smooth-ap" also on what the others act on).
    loss: Literal["balanced", "summed", "cross-entropy", "smooth-ap"] = "balanced"
    loss_on: Literal["theta", "Z"] = "theta"  # what the paper's losses compare with the network; Eqs 11, 16: theta
    beta: float = 2.0  # of Eq. 15, in the losses "balanced" and "summed"
    # The loss of the last iteration (paper) or the mean over all L (2020 code).
    iterates: Literal["last", "all"] = "all"
    learn_lambda: bool = True  # False: lambda_nn stays as it was drawn
    clip: float = 1.0  # largest norm of a step's gradient, so that no odd graph undoes an epoch; 0: any
    # Names of trained weights that a rho_nn of as many ``context_members`` starts from; none: drawn at random.
    members: tuple[str, ...] = ()
    shuffled: bool = False  # labels dealt out at random within each graph, as a control
    seed: int = 0

    def __post_init__(self) -> None:
        """Refuse values that no recipe has."""
        if self.model not in MODELS:
            raise InputError(f"unknown model {self.model!r}; use one of {', '.join(MODELS)}")
        wanted = MODELS[self.model][1]
        if not isinstance(self.config, wanted):
            raise InputError(
                f"model {self.model!r} takes a {wanted.__name__}, got {type(self.config).__name__}"
            )
        _check_values(self, "recipe")
        _check_values(self.config, "recipe's config")
        if self.epochs < 0 or self.batch < 1 or self.lr <= 0 or self.clip < 0:
            raise InputError("a recipe has epochs >= 0, batch >= 1, lr > 0 and clip >= 0")
        if any(not graphs or min(n for _, n in graphs) < 1 for graphs in (self.train, self.valid)):
            raise InputError(
                "a recipe trains on and is validated with at least one graph of a kind"
            )
        n_members = getattr(self.config, "context_members", 1)
        if self.members and len(self.members) != n_members:
            raise InputError(
                f"a recipe with the members {', '.join(self.members)} has a config with as many "
                f"context_members, got {n_members}"
            )
        if self._without_gradient():
            raise InputError(
                'with inner_gradient "cut" no gradient of theta reaches rho_nn or lambda_nn: use "through", '
                'or loss_on "Z"'
            )
        if self.loss == "cross-entropy" and getattr(self.config, "rho", "entry") != "context":
            raise InputError(
                'the loss "cross-entropy" needs logits: a GRNULarConfig(rho="context")'
            )

    def _without_gradient(self) -> bool:
        """Whether the loss compares a theta that holds no gradient of the learned parts."""
        if not isinstance(self.config, GRNULarConfig) or not self.epochs:
            return False
        on_logits = self.config.rho == "context" and self.loss in ("cross-entropy", "smooth-ap")
        return self.config.inner_gradient == "cut" and self.loss_on == "theta" and not on_logits

    def new_model(self) -> nn.Module:
        """Make the untrained model.

        Returns
        -------
        Module
            Of the class and configuration that the recipe names.
        """
        return MODELS[self.model][0](self.config)

    def as_dict(self) -> dict[str, Any]:
        """Give plain values, as stored in JSON; ``from_dict`` undoes it.

        Returns
        -------
        dict
            Every field, the configuration as a dict of its own.
        """
        return json.loads(json.dumps(asdict(self)))

    @classmethod
    def from_dict(cls, values: dict[str, Any]) -> Recipe:
        """Make a recipe of the values that ``as_dict`` gave.

        Parameters
        ----------
        values : dict
            As read from JSON; they are left as they are.

        Returns
        -------
        Recipe

        Raises
        ------
        InputError
            When the values do not describe a recipe of this version.
        """
        try:
            values = dict(values)
            config = dict(values.pop("config"))
            if config.get("hidden") is not None:
                config["hidden"] = tuple(config["hidden"])
            values["members"] = tuple(str(name) for name in values.get("members", ()))
            for part in ("train", "valid"):
                values[part] = tuple((str(kind), _whole(count)) for kind, count in values[part])
            return cls(config=MODELS[values["model"]][1](**config), **values)
        except InputError:
            raise
        except (AttributeError, KeyError, TypeError, ValueError) as error:
            raise InputError(f"this is no recipe of this version of the package: {error}") from None
