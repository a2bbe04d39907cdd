"""One line out of several entries: on what it rests, and what was left out in its favour."""

from collections.abc import Sequence

from memory.entries import Entry
from memory.statements import show_runs


def joined(group: Sequence[Entry], *, text: str, evidence: str) -> Entry:
    """One entry with the runs, pairs and networks of all."""
    networks = [entry.n_networks for entry in group if entry.n_networks is not None]
    since = [entry.since for entry in group if entry.since is not None]
    return group[0].model_copy(
        update={
            "text": text,
            "evidence": evidence,
            "runs": tuple(sorted({run for entry in group for run in entry.runs})),
            "n_pairs": sum(entry.n_pairs for entry in group),
            "n_networks": min(networks) if networks else None,
            "since": max(since) if since else None,
        }
    )


def with_those_against(text: str, against: Sequence[Entry]) -> str:
    """Says how many weaker results were left out in favour of a text."""
    if not against:
        return text
    runs = show_runs(sorted({run for entry in against for run in entry.runs}), limit=3)
    said = "result says" if len(against) == 1 else "results say"
    return f"{text.rstrip('.')}; {len(against)} weaker {said} otherwise ({runs})."


def counted(group: Sequence[Entry]) -> str:
    """On how many pairs and which runs a line rests."""
    n_pairs = sum(entry.n_pairs for entry in group)
    runs = show_runs(sorted({run for entry in group for run in entry.runs}))
    return f"[{n_pairs} {'pair' if n_pairs == 1 else 'pairs'}, {runs}]"
