"""What was found out, and what it is measured against."""

from collections.abc import Iterable, Sequence
from typing import Final

from benchmarks.guard.cases import PROXY, Said
from benchmarks.machine import Machine
from blocks.base import Frozen

LAYERS: Final = ("absence", "static", "runtime", "certificate", "proxy audit")
BEYOND_READING: Final = ("files_configuration", PROXY)
"""Families in which the static layer need not reach its share."""

SHARE: Final = 0.9
PROXIES: Final = "proxies that the audit reports where they tell the types"


class Row(Frozen):
    """A snippet, and what each layer says of it; a layer that does not apply is left out."""

    family: str
    name: str
    leaks: bool
    said: dict[str, Said]
    tells_types: bool = True
    """Of a proxy: whether it says anything of single metabolites."""

    @property
    def caught_by(self) -> tuple[str, ...]:
        return tuple(layer for layer in LAYERS if layer in self.said and self.said[layer].is_caught)


class Cost(Frozen):
    """Processor time of a layer over the whole corpus."""

    layer: str
    snippets: int
    seconds: float


class Target(Frozen):
    """A promise, and whether it is kept."""

    what: str
    wanted: str
    found: str
    met: bool


class Report(Frozen):
    """What `--json` writes."""

    command: str
    made_at: str
    machine: Machine
    code_version: str
    rows: tuple[Row, ...]
    costs: tuple[Cost, ...]

    @property
    def leaks(self) -> tuple[Row, ...]:
        """Proxies that tell no types apart are none."""
        return tuple(row for row in self.rows if row.leaks and row.tells_types)

    @property
    def clean(self) -> tuple[Row, ...]:
        return tuple(row for row in self.rows if not row.leaks)

    def targets(self) -> tuple[Target, ...]:
        """All of them, judged."""
        seen = [row for row in self.leaks if row.caught_by and row.family != PROXY]
        proxies = [row for row in self.leaks if row.family == PROXY]
        reported = [row for row in proxies if row.caught_by]
        read = [row for row in self.leaks if row.family not in BEYOND_READING]
        found = [row for row in read if "static" in row.caught_by]
        # What fails alike under both truths changes nothing, and is unverified.
        changing = [
            row for row in self.leaks if row.said.get("certificate", Said.STOPPED) is not Said.STOPPED
        ]
        certified = [row for row in changing if row.said["certificate"] is Said.PASSED]
        refused = [row for row in self.clean if row.caught_by]
        share = len(found) / len(read) if read else 1.0
        return (
            Target(
                what="leaks of the truth that at least one layer catches",
                wanted="all",
                found=f"{len(seen)} of {len(self.leaks) - len(proxies)}",
                met=len(seen) + len(proxies) == len(self.leaks),
            ),
            Target(
                what=PROXIES,
                wanted="all",
                found=f"{len(reported)} of {len(proxies)}",
                met=len(reported) == len(proxies),
            ),
            Target(
                what="leaks that reading alone catches, outside of the families of files and proxies",
                wanted=f">= {SHARE:.0%}",
                found=f"{len(found)} of {len(read)} ({share:.1%})",
                met=share >= SHARE,
            ),
            Target(
                what="leaks that change a training and that the certificate alone finds",
                wanted="all",
                found=f"{len(changing) - len(certified)} of {len(changing)}",
                met=not certified,
            ),
            Target(
                what="look-alikes that any layer refuses",
                wanted="none",
                found=f"{len(refused)} of {len(self.clean)}",
                met=not refused,
            ),
        )


def families(rows: Iterable[Row]) -> dict[str, list[Row]]:
    """Rows by family, in the order of the corpus."""
    found: dict[str, list[Row]] = {}
    for row in rows:
        found.setdefault(row.family, []).append(row)
    return found


def caught(rows: Sequence[Row], layer: str) -> str:
    """How many of them a layer catches; empty where it does not apply."""
    given = [row for row in rows if layer in row.said]
    return f"{sum(row.said[layer].is_caught for row in given)}" if given else ""
