"""How constraints and prior knowledge enter a tree search: homes that obey, and candidates in their order.

Constraints change where a run's home is and which moves there are. Priors forbid nothing: they say which
candidate comes first, which last, and what is worth a test.
"""

from collections.abc import Iterable, Iterator, Sequence

from agent.planner.moves import Move, to_value
from blocks.guidance import Guidance, Prior
from blocks.run import Run
from memory.findings import Claim


def ordered(moves: Iterable[Move], guidance: Guidance) -> Iterator[Move]:
    """Moves as they come, those that go against a prior after all others."""
    if not guidance.priors:
        yield from moves
        return
    last = []
    for move in moves:
        if breaches(move, guidance):
            last.append(move)
        else:
            yield move
    yield from last


def breaches(move: Move, guidance: Guidance, *, name: str = "") -> int:
    """How many priors a move goes against.

    Args:
        move: The move.
        guidance: The priors.
        name: Only those about one hyperparameter; default: all.
    """
    priors = [prior for prior in guidance.priors if _bounds(prior)]
    if name:
        priors = [prior for prior in priors if name in (prior.claim.subject, prior.claim.value)]
    return sum(prior.claim.follows(move.values, move.strategies) is False for prior in priors)


def by_priors(names: Sequence[str], guidance: Guidance) -> list[str]:
    """Strategies that a prior recommends, then those that none names, then those that one warns of."""
    return sorted(names, key=lambda name: _rank(name, guidance.priors))


def said_of(name: str, guidance: Guidance) -> str:
    """What a prior says of a strategy, for a reason; empty where none does."""
    for prior in guidance.priors:
        if prior.claim.kind == "strategy" and prior.claim.subject == name:
            return f"; prior: {quoted(prior)}"
    return ""


def suggested(run: Run, guidance: Guidance) -> Iterator[tuple[Move, str]]:
    """The run with a value that a prior recommends."""
    values, strategies = run.proposal.spec.values, run.proposal.spec.strategies
    for prior in guidance.priors:
        claim = prior.claim
        if claim.kind != "value" or claim.direction != "prefer" or claim.value is None:
            continue
        if claim.subject in values and claim.follows(values, strategies) is False:
            yield to_value(run, claim.subject, claim.value), f"prior knowledge: {quoted(prior)}"


def tests_of(guidance: Guidance) -> list[Claim]:
    """Priors as claims that a principle test can turn round."""
    found = []
    for prior in guidance.priors:
        claim = prior.claim
        good = claim.direction == "prefer"
        if claim.kind == "strategy":
            better, other = ("on", "off") if good else ("off", "on")
        elif claim.kind in ("higher", "lower"):
            better, other = claim.kind, "lower" if claim.kind == "higher" else "higher"
        elif claim.kind in ("at least", "at most"):
            wants_more = (claim.kind == "at least") == good
            better, other = ("higher", "lower") if wants_more else ("lower", "higher")
        else:
            continue
        found.append(Claim(claim.subject, better, other, f"prior {quoted(prior)}"))
    return found


def quoted(prior: Prior) -> str:
    """A prior in a reason: its first words, and where it stands."""
    text = prior.text if len(prior.text) <= 60 else f"{prior.text[:57].rstrip()}..."
    return f"{text} ({prior.source})"


def _bounds(prior: Prior) -> bool:
    """Whether a prior is about where to be; one value that it recommends forbids no other."""
    claim = prior.claim
    return claim.kind in ("at least", "at most", "above") or (claim.kind, claim.direction) == (
        "value",
        "avoid",
    )


def _rank(name: str, priors: Iterable[Prior]) -> int:
    for prior in priors:
        if prior.claim.kind == "strategy" and prior.claim.subject == name:
            return 0 if prior.claim.direction == "prefer" else 2
    return 1
