"""What comes and goes is in order whenever it is read, be it few things or many."""

from random import Random

from memory.ordered import Ordered


def test_what_comes_and_goes_is_in_order_whenever_it_is_read() -> None:
    dice, found, wanted = Random(0), Ordered[int](), list[int]()
    for _ in range(200):
        for _ in range(dice.choice((1, 5, 100))):
            if wanted and dice.random() < 0.4:
                found.remove(wanted.pop(dice.randrange(len(wanted))))
            else:
                wanted.append(dice.randrange(50))
                found.add(wanted[-1])
        assert len(found) == len(wanted)
        assert list(found) == sorted(wanted)
