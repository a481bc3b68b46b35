"""Kill everything that writes, at random moments, and look at what is left. Run by hand:

    .venv/bin/python tests/fault_campaign.py                     50 kills, prints the table
    .venv/bin/python tests/fault_campaign.py --out faults.csv    and writes it

After every kill the files are read: each finished piece of the result must be as an undisturbed run has
it (or as it was before the command), and none that was there may be gone or made again. The same command
then goes on in the same folder, is killed again, and so on to the end; then the result must be that of
the undisturbed run, with no file beside it.
"""

import argparse
import random
import shutil
import sys
import tempfile
from pathlib import Path

import pandas as pd
from fault_runs import Scenario, Things, in_the_open, scenarios
from faults import Moment, Ran, draw, run
from grnular_paper.environments import provenance

from grnular_core.utils.files import atomic_write

KILLS = 50
FAULTS = ("half_files", "lost", "doubled", "other_results")
Problems = list[tuple[str, str]]  # which of FAULTS, what


class Campaign:
    """One scenario: its undisturbed run, then kills until there are enough."""

    def __init__(self, scenario: Scenario, folder: Path, rng: random.Random) -> None:
        self.scenario, self.folder, self.rng = scenario, folder, rng
        self.fresh = folder / "fresh"
        self.fresh.mkdir(parents=True)
        scenario.prepare(self.fresh)
        if scenario.earlier:
            run(scenario.earlier, self.fresh)
        self.before = scenario.things(self.fresh)
        whole = self._copy("whole")
        self.whole: Ran = run(scenario.work, whole)
        self.expected = scenario.things(whole)
        self.names = names(whole)
        self.shares: list[float] = []  # of the undisturbed run's time
        self.at_operations = 0
        self.found: Problems = []

    def _copy(self, name: str) -> Path:
        shutil.rmtree(self.folder / name, ignore_errors=True)
        return Path(shutil.copytree(self.fresh, self.folder / name))

    def kill(self, times: int) -> None:
        """Kill so many runs; what ends before its kill is compared with the undisturbed run."""
        place, seen = self._copy("killed"), self.before
        while len(self.shares) < times:
            moment = draw(self.rng, self.whole)
            ran = self._run(place, moment)
            if ran and ran.killed:
                self.shares.append(ran.seconds / self.whole.seconds)
                self.at_operations += moment.operation is not None
                seen = self._look(place, seen)
            else:
                place, seen = self._copy("killed"), self.before
        self._run(place)

    def _run(self, place: Path, moment: Moment | None = None) -> Ran | None:
        """None, and a problem, when the command does not get on with what a kill has left.

        What has come to its end must have the same pieces as the undisturbed run, and no file more.
        """
        try:
            ran = run(self.scenario.work, place, moment)
        except RuntimeError as error:
            self.found.append(("other_results", str(error).strip().splitlines()[-1]))
            return None
        if not ran.killed:
            now = self._look(place, {})
            wrong = [n for n, it in self.expected.items() if n not in now or now[n].what != it.what]
            more = sorted(names(place) ^ self.names)
            self.found += [("other_results", name) for name in (*wrong, *more)]
        return ran

    def _look(self, place: Path, seen: Things) -> Things:
        """What is there after a kill; problems are noted."""
        try:
            now = self.scenario.things(place)
        except Exception as error:  # whatever a reader says of half a file
            self.found.append(("half_files", f"{type(error).__name__}: {error}"))
            return seen
        self.found += problems(seen, now, self.before, self.expected)
        return now

    def row(self) -> dict[str, object]:
        """A line of the table; moments are shares of the undisturbed run's time."""
        return {
            "command": self.scenario.name,
            "kills": len(self.shares),
            "at_random_times": len(self.shares) - self.at_operations,
            "at_file_operations": self.at_operations,
            "file_operations": self.whole.operations,
            "first_moment": round(min(self.shares, default=0.0), 2),
            "last_moment": round(max(self.shares, default=0.0), 2),
            "pieces": len(self.expected),
            **{fault: sum(kind == fault for kind, _ in self.found) for fault in FAULTS},
        }


def names(folder: Path) -> set[str]:
    return {path.relative_to(folder).as_posix() for path in in_the_open(folder)}


def problems(seen: Things, now: Things, before: Things, expected: Things) -> Problems:
    """What a kill must not do: ``seen`` were the pieces before it, ``now`` those after it."""
    found: Problems = [("lost", name) for name in seen if name not in now]
    for name, thing in now.items():
        allowed = [there[name].what for there in (before, expected) if name in there]
        if thing.what not in allowed:
            found.append(("other_results", name))
        elif name in seen and thing.when != seen[name].when:
            found.append(("doubled", name))
    return found


def fault_table(kills: int, seed: int, folder: Path) -> tuple[pd.DataFrame, Problems]:
    """The table, one line a command, and every problem with its command."""
    rows, found = [], []
    with scenarios() as chosen:
        share, rest = divmod(kills, len(chosen))
        for number, scenario in enumerate(chosen):
            rng = random.Random(f"{seed} {scenario.name}")
            campaign = Campaign(scenario, folder / str(number), rng)
            campaign.kill(share + (number < rest))
            rows.append({**campaign.row(), "seed": seed, "commit": provenance()["commit"]})
            found += [(scenario.name, f"{kind}: {what}") for kind, what in campaign.found]
            print(pd.Series(rows[-1]).to_string(), end="\n\n", file=sys.stderr)
    return pd.DataFrame(rows), found


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--kills", type=int, default=KILLS, help=f"in all (default {KILLS})")
    parser.add_argument("--seed", type=int, default=0, help="of the moments (default 0)")
    parser.add_argument("--out", type=Path, help="csv file for the table")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        table, found = fault_table(options.kills, options.seed, Path(folder).resolve())
    print(table.to_csv(index=False), end="")
    for line in found:
        print("FOUND", *line)
    if options.out:
        with atomic_write(options.out) as part:
            table.to_csv(part, index=False, lineterminator="\n")
    sys.exit(bool(found))
