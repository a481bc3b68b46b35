"""Parameters of notebooks: unknown, mistyped and impossible ones stop the run in seconds.

papermill injects every parameter as a new variable and warns only in its log. So a notebook
declares its parameters before the parameters cell, and checks them after it::

    parameters = Parameters(globals(), datasets=ListOf(*DATASETS), seed=Whole(0))
    # the cell tagged "parameters", then the one papermill injects
    parameters.check(globals())
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, MutableMapping
from dataclasses import dataclass
from difflib import get_close_matches
from typing import Any

from grnular_core.utils.errors import InputError

Kind = Callable[[Any], str | None]  # takes a value and returns what is wrong with it, None where nothing is


@dataclass(frozen=True, init=False)
class ListOf:
    """A list of words or numbers out of a fixed choice, without repeats; not empty unless ``empty``.

    Parameters
    ----------
    *choice : str or int
        Allowed items.
    empty : bool
        Whether it may be empty.
    """

    choice: tuple[str | int, ...]
    empty: bool

    def __init__(self, *choice: str | int, empty: bool = False) -> None:
        object.__setattr__(self, "choice", choice)
        object.__setattr__(self, "empty", empty)

    def __call__(self, value: Any) -> str | None:
        """Say what is wrong, if anything."""
        choice = ", ".join(map(str, self.choice))
        if not isinstance(value, list):
            hint = " (papermill takes lists by -y 'name: [a, b]')" if isinstance(value, str) else ""
            return f"expected a list of {choice}{hint}"
        if not value and not self.empty:
            return f"the list is empty; expected some of {choice}"
        for item in value:
            # True equals 1, but is no number of cells
            if item not in self.choice or isinstance(item, bool):
                words = [word for word in self.choice if isinstance(word, str)]
                near = get_close_matches(str(item), words, n=1)
                hint = f"did you mean {near[0]!r}?" if near else f"expected {choice}"
                return f"{item!r} is unknown; {hint}"
        if len(set(value)) < len(value):
            return "a value is given twice"
        return None


@dataclass(frozen=True)
class OneOf:
    """One word out of a fixed choice."""

    choice: tuple[str, ...]  # the words

    def __call__(self, value: Any) -> str | None:
        """Say what is wrong, if anything."""
        return None if value in self.choice else f"expected one of {', '.join(self.choice)}"


@dataclass(frozen=True)
class Whole:
    """A whole number between two bounds."""

    low: int  # both bounds are allowed
    high: int = 2**31 - 1

    def __call__(self, value: Any) -> str | None:
        """Say what is wrong, if anything."""
        whole = isinstance(value, int) and not isinstance(value, bool)
        if whole and self.low <= value <= self.high:
            return None
        return f"expected a whole number from {self.low} to {self.high}"


@dataclass(frozen=True)
class WholeList:
    """A list of different whole numbers of at least ``low``, not empty."""

    low: int  # the least number allowed

    def __call__(self, value: Any) -> str | None:
        """Say what is wrong, if anything."""
        numbers = value if isinstance(value, list) else []
        good = all(Whole(self.low)(number) is None for number in numbers)
        if numbers and good and len(set(numbers)) == len(numbers):
            return None
        return f"expected a list of different whole numbers of at least {self.low}"


class Flag:
    """True or False."""

    def __call__(self, value: Any) -> str | None:
        """Say what is wrong, if anything."""
        return None if isinstance(value, bool) else "expected True or False"


class Text:
    """Any text; numbers are none, since papermill takes 2020 for one where a name is meant."""

    def __call__(self, value: Any) -> str | None:
        """Say what is wrong, if anything."""
        if isinstance(value, str):
            return None
        quoted = f"; papermill takes a name such as {value} as text by -r NAME {value}"
        return "expected text in quotes" + (quoted if isinstance(value, int | float) else "")


class Parameters:
    """Parameters of a notebook. Made before the parameters cell, checked after it.

    Parameters
    ----------
    namespace : mapping
        ``globals()`` of the notebook; names in it already are no parameters.
    **kinds : Kind
        Allowed values of each parameter.
    """

    def __init__(self, namespace: Mapping[str, Any], **kinds: Kind) -> None:
        self._before = set(namespace)
        self._kinds = kinds

    def check(self, namespace: MutableMapping[str, Any]) -> dict[str, Any]:
        """Check the variables that were set since this object was made.

        Parameters
        ----------
        namespace : mutable mapping
            ``globals()`` of the notebook; private names do not count. None becomes the empty text where
            that is allowed, and a word of a choice is written in small letters.

        Returns
        -------
        dict of str to object
            The parameters and their values.

        Raises
        ------
        InputError
            One that names every problem: unknown and missing parameters, values of the wrong kind.
        """
        given = [n for n in namespace if n not in self._before and not n.startswith("_")]
        given = [n for n in given if namespace[n] is not self]
        problems = []
        for name in given:
            if name not in self._kinds:
                near = get_close_matches(name, self._kinds, n=1)
                hint = f"did you mean {near[0]!r}?" if near else f"known: {', '.join(self._kinds)}"
                problems.append(f"unknown parameter {name!r}; {hint}")
        for name, kind in self._kinds.items():
            if name not in namespace:
                problems.append(f"parameter {name!r} is missing")
            elif namespace[name] is None and kind("") is None:
                namespace[name] = ""  # YAML's null, and None of the command line
            elif isinstance(kind, OneOf) and kind(str(namespace[name]).lower()) is None:
                namespace[name] = str(namespace[name]).lower()  # in any case, as on the command line
            elif problem := kind(namespace[name]):
                problems.append(f"{name} = {namespace[name]!r}: {problem.replace('-r NAME', f'-r {name}')}")
        if problems:
            raise InputError("this notebook cannot run with these parameters:\n- " + "\n- ".join(problems))
        return {name: namespace[name] for name in self._kinds}
