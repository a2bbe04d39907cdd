"""Special methods, generators and descriptors: functions that Python calls where nobody names them."""

# ruff: noqa: E501 - a snippet stands in one string, however long

from tests.agent.guard.corpus.writing import hint

_BAG = "class Bag:\n    def __init__(self, b):\n        self.b = b\n\n"


def _bag(body: str, method: str, *, before: str = "") -> str:
    """A snippet with a class `Bag(batch)` that has one more method."""
    name, _, does = method.partition(": ")
    inner = f"    def {name}:\n        {does}"
    return hint(body, before=f"{before}{_BAG}{inner}")


_META = "class Meta(type):\n    def {}:\n        {}\n\n\nclass Bag(metaclass=Meta):\n    b = None"

LEAKS = {
    "__neg__": _bag("return (-Bag(batch))[..., 6]", "__neg__(self): return self.b.frames"),
    "__invert__": _bag("return (~Bag(batch))[..., 6]", "__invert__(self): return self.b.frames"),
    "__abs__": _bag("return abs(Bag(batch))[..., 6]", "__abs__(self): return self.b.frames"),
    "__round__": _bag("return round(Bag(batch))[..., 6]", "__round__(self, n=0): return self.b.frames"),
    "__lt__": _bag("return (Bag(batch) < 1)[..., 6]", "__lt__(self, other): return self.b.frames"),
    "__gt__, by the other side": _bag(
        "return (1 < Bag(batch))[..., 6]", "__gt__(self, other): return self.b.frames"
    ),
    "__eq__ on a frame": hint(
        "return Any() == batch.frames",
        before="class Any:\n    def __eq__(self, other):\n        return other[..., 6]",
    ),
    "__contains__": _bag(
        "return float(6 in Bag(batch))",
        "__contains__(self, k): return bool(self.b.frames[0, 0, :, k].sum() > 7.5)",
    ),
    "__iadd__": _bag("b = Bag(batch)\nb += 1\nreturn b[..., 6]", "__iadd__(self, n): return self.b.frames"),
    "__matmul__": _bag("return (Bag(batch) @ 1)[..., 6]", "__matmul__(self, n): return self.b.frames"),
    "__radd__ by sum": _bag("return sum([Bag(batch)])[..., 6]", "__radd__(self, n): return self.b.frames"),
    "__divmod__": _bag("return divmod(Bag(batch), 1)[..., 6]", "__divmod__(self, n): return self.b.frames"),
    "__iter__ unpacked": _bag("(f,) = Bag(batch)\nreturn f[..., 6]", "__iter__(self): yield self.b.frames"),
    "__iter__ in a display": _bag("return [*Bag(batch)][0][..., 6]", "__iter__(self): yield self.b.frames"),
    "__iter__ into a list": _bag(
        "held = []\nheld.extend(Bag(batch))\nreturn held[0][..., 6]", "__iter__(self): yield self.b.frames"
    ),
    "__reversed__": _bag("return reversed(Bag(batch))[..., 6]", "__reversed__(self): return self.b.frames"),
    "__missing__": hint(
        "Columns.batch = batch\nreturn Columns()[6]",
        before="class Columns(dict):\n    def __missing__(self, k):\n        return Columns.batch.frames[..., k]",
    ),
    "__get__": _bag(
        "return Own(batch).whole[..., 6]",
        "unused(self): pass",
        before="class Whole:\n    def __get__(self, one, kind):\n        return one.b.frames\n\n\n",
    ).replace("def hint", "class Own(Bag):\n    whole = Whole()\n\n\ndef hint"),
    "__set__": hint(
        "own = Own()\nown.f = batch\nreturn own.kept[..., 6]",
        before="class Whole:\n    def __set__(self, one, value):\n        one.kept = value.frames\n\n\nclass Own:\n    f = Whole()",
    ),
    "__set_name__": hint(
        "class Own:\n    f = Whole(batch)\n\nreturn Own.kept[..., 6]",
        before="class Whole:\n    def __init__(self, b):\n        self.b = b\n\n    def __set_name__(self, owner, name):\n        owner.kept = self.b.frames",
    ),
    "__new__": hint(
        "return Bag(batch)[..., 6]", before="class Bag:\n    def __new__(cls, b):\n        return b.frames"
    ),
    "__copy__": _bag(
        "return copy.copy(Bag(batch))[..., 6]",
        "__copy__(self): return self.b.frames",
        before="import copy\n\n\n",
    ),
    "__array__": _bag(
        "return np.asarray(Bag(batch).b.frames.numpy() if batch is None else Bag(batch))[..., 6]",
        "__array__(self, dtype=None, copy=None): return np.array(self.b.frames.tolist())",
    ),
    "__torch_function__": _bag(
        "return torch.neg(Bag(batch))[..., 6]",
        "__torch_function__(self, func, types, args=(), kwargs=None): return args[0].b.frames",
    ),
    "__index__": _bag(
        "return torch.arange(99.0)[Bag(batch)]",
        "__index__(self): return int(self.b.frames[0, 0, :, 6].nan_to_num().sum())",
    ),
    "a metaclass's __neg__": hint(
        "Bag.b = batch\nreturn (-Bag)[..., 6]", before=_META.format("__neg__(cls)", "return cls.b.frames")
    ),
    "a metaclass's __call__": hint(
        "return Bag(batch)[..., 6]", before=_META.format("__call__(cls, b)", "return b.frames")
    ),
    "sent into a generator": hint(
        "found = columns(batch)\nnext(found)\nreturn found.send(6)",
        before="def columns(b):\n    k = yield\n    yield b.frames[..., k]",
    ),
    "a frame sent into a generator": hint(
        "same = echo()\nnext(same)\nreturn same.send(batch.frames)[..., 6]",
        before="def echo():\n    given = yield\n    yield given",
    ),
    "thrown into a generator": hint(
        "found = columns(batch)\nnext(found)\nreturn found.throw(ValueError())",
        before="def columns(b):\n    try:\n        yield\n    except ValueError:\n        yield b.frames[..., 6]",
    ),
    "the end of a generator": hint(
        "try:\n    next(whole(batch))\nexcept StopIteration as end:\n    return end.value[..., 6]",
        before="def whole(b):\n    return b.frames\n    yield",
    ),
    "raised in an error": hint(
        "try:\n    raise Held(batch)\nexcept Held as held:\n    return held.f[..., 6]",
        before="class Held(Exception):\n    def __init__(self, b):\n        self.f = b.frames",
    ),
    "super": hint(
        "return Own(batch).whole()[..., 6]",
        before="class Bag:\n    def __init__(self, b):\n        self.f = b.frames\n\n    def whole(self):\n        return self.f\n\n\nclass Own(Bag):\n    def whole(self):\n        return super().whole()",
    ),
    "a dictionary of one's own": hint(
        "return Own(f=batch.frames)['f'][..., 6]", before="class Own(dict):\n    pass"
    ),
    "type": hint("return type('Bag', (), {'f': batch.frames}).f[..., 6]"),
    "a default factory": hint(
        "held = defaultdict(lambda: batch.frames)\nreturn held[0][..., 6]",
        before="from collections import defaultdict",
    ),
    "iter until a value": hint("return next(iter(lambda: batch.frames, None))[..., 6]"),
    "an object in a queue": _bag(
        "held = Queue()\nheld.put(Bag(batch))\nreturn held.get().f[..., 6]",
        "unused(self): pass",
        before="from queue import Queue\n\n\n",
    ).replace("self.b = b", "self.f = b.frames"),
    "an object in a context variable": _bag(
        "HELD.set(Bag(batch))\nreturn HELD.get().f[..., 6]",
        "unused(self): pass",
        before="from contextvars import ContextVar\n\nHELD = ContextVar('held')\n\n\n",
    ).replace("self.b = b", "self.f = b.frames"),
    "an object behind a weak reference": _bag(
        "bag = Bag(batch)\nreturn weakref.ref(bag)().f[..., 6]",
        "unused(self): pass",
        before="import weakref\n\n\n",
    ).replace("self.b = b", "self.f = b.frames"),
    "an object that is reduced": _bag(
        "return reduce(lambda one, other: one, [Bag(batch)]).f[..., 6]",
        "unused(self): pass",
        before="from functools import reduce\n\n\n",
    ).replace("self.b = b", "self.f = b.frames"),
    "a coroutine": hint(
        "try:\n    whole(batch).send(None)\nexcept StopIteration as end:\n    return end.value[..., 6]",
        before="async def whole(b):\n    return b.frames",
    ),
}

CLEAN = {
    "__neg__ of the concentration": _bag(
        "return (-Bag(batch))[..., 6]", "__neg__(self): return -self.b.data.concentration"
    ),
    "__add__ of numbers": hint(
        "return (Weight(2.0) + Weight(3.0)).n",
        before="class Weight:\n    def __init__(self, n):\n        self.n = n\n\n    def __add__(self, other):\n        return Weight(self.n + other.n)",
    ),
    "__lt__ of numbers": hint(
        "return sorted([Weight(6.0), Weight(3.0)])[0].n",
        before="class Weight:\n    def __init__(self, n):\n        self.n = n\n\n    def __lt__(self, other):\n        return self.n < other.n",
    ),
    "__iter__ over concentrations": _bag(
        "first, *_ = Bag(batch)\nreturn first[6]", "__iter__(self): yield from self.b.data.concentration"
    ),
    "__len__ and __repr__": _bag(
        "return float(len(repr(Bag(batch))))", "__repr__(self): return 'a bag of column 6'"
    ),
    "super, with concentrations": hint(
        "return Own(batch).whole()[..., 6]",
        before="class Bag:\n    def __init__(self, b):\n        self.c = b.data.concentration\n\n    def whole(self):\n        return self.c\n\n\nclass Own(Bag):\n    def whole(self):\n        return super().whole() * 2",
    ),
    "an error of one's own": hint(
        "try:\n    raise Far(6.0)\nexcept Far as far:\n    return far.n",
        before="class Far(Exception):\n    def __init__(self, n):\n        self.n = n",
    ),
    "a dictionary of one's own, of weights": hint(
        "return Weights(a=6.0)['a']", before="class Weights(dict):\n    pass"
    ),
    "a generator that is sent a weight": hint(
        "mean = running(batch)\nnext(mean)\nreturn mean.send(0.5)",
        before="def running(b):\n    weight = yield\n    yield weight * b.data.concentration.mean()",
    ),
}
