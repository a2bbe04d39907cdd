"""Two strategies at once: one in place of the other, and whether they do more together than apart.

Both are read off the pairs of single strategies. Two children of one sample that each turned another
strategy on differ in having one in the place of the other; a pair without a second strategy and the same pair
with it make a difference of differences.
"""

from collections import defaultdict
from collections.abc import Iterator, Mapping
from itertools import combinations

from memory.switches import Strategy


def instead(strategies: Mapping[str, Strategy]) -> Iterator[tuple[str, str, list[tuple[int, int]]]]:
    """For two strategies, first runs of samples with the first, and with the second in its place."""
    children: dict[int, dict[str, int]] = defaultdict(dict)
    for name, switch in sorted(strategies.items()):
        for without, with_it in sorted(switch.keys()):
            children[without].setdefault(name, with_it)
    found: dict[tuple[str, str], list[tuple[int, int]]] = defaultdict(list)
    for _, by_name in sorted(children.items()):
        for first, second in combinations(sorted(by_name), 2):
            found[first, second].append((by_name[first], by_name[second]))
    for (first, second), pairs in sorted(found.items()):
        yield first, second, pairs


Square = tuple[int, int, int, int]


def together(
    strategies: Mapping[str, Strategy],
) -> Iterator[tuple[str, str, list[Square]]]:
    """For two strategies, first runs of samples with neither, the first, the second, and both."""
    for first, switch in sorted(strategies.items()):
        found: dict[str, list[Square]] = defaultdict(list)
        for second, apart, both in switch.twice():
            found[second].append((*apart, *both))
        for second, squares in sorted(found.items()):
            yield first, second, sorted(squares)
