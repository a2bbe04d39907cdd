"""The read happens elsewhere: in functions, methods, closures, defaults, decorators and generators."""

# ruff: noqa: E501 - a snippet stands in one string, however long

from tests.agent.guard.corpus.writing import hint

_PICK = "def pick(values, k):\n    return values[..., k]"

LEAKS = {
    "a function": hint("return pick(batch.frames, 6)", before=_PICK),
    "a function with names": hint("return pick(k=6, values=batch.frames)", before=_PICK),
    "a default argument": hint(
        "return pick(batch.frames)", before="def pick(values, k=6):\n    return values[..., k]"
    ),
    "a default that is a constant": hint(
        "return pick(batch.frames)",
        before="KIND = 6\n\n\ndef pick(values, *, k=KIND):\n    return values[..., k]",
    ),
    "arguments from a list": hint("given = [batch.frames, 6]\nreturn pick(*given)", before=_PICK),
    "arguments from a dictionary": hint(
        "given = {'values': batch.frames, 'k': 6}\nreturn pick(**given)", before=_PICK
    ),
    "variadic arguments": hint(
        "return pick(1, batch.frames, 6)", before="def pick(*given):\n    return given[1][..., given[2]]"
    ),
    "keyword arguments": hint(
        "return pick(f=batch.frames)", before="def pick(**given):\n    return given['f'][..., 6]"
    ),
    "two functions deep": hint(
        "return outer(batch.frames)", before=_PICK + "\n\n\ndef outer(values):\n    return pick(values, 6)"
    ),
    "a function that returns the frame": hint(
        "return held(batch)[..., 6]", before="def held(batch):\n    return batch.data.frames"
    ),
    "a function that returns the column's number": hint(
        "return batch.frames[..., kind()]", before="def kind():\n    return 6"
    ),
    "a function that returns a pair": hint(
        "f, k = both(batch)\nreturn f[..., k]", before="def both(batch):\n    return batch.frames, 6"
    ),
    "the batch is passed on": hint(
        "return total(batch)", before="def total(given):\n    return given.frames[..., 6].sum(1)"
    ),
    "the data are passed on": hint(
        "return total(batch.data)", before="def total(d):\n    return d.frames[:, :, 6]"
    ),
    "a closure": hint("f = batch.frames\n\ndef pick():\n    return f[..., 6]\n\nreturn pick()"),
    "a closure over the number": hint(
        "return picker(6)(batch.frames)",
        before="def picker(k):\n    def pick(values):\n        return values[..., k]\n\n    return pick",
    ),
    "a lambda": hint("pick = lambda values: values[..., 6]\nreturn pick(batch.frames)"),
    "a lambda in a dictionary": hint(
        "take = {'kind': lambda values: values[..., 6]}\nreturn take['kind'](batch.frames)"
    ),
    "a lambda's default": hint("return (lambda values, k=6: values[..., k])(batch.frames)"),
    "a partial": hint(
        "return partial(pick, k=6)(batch.frames)", before="from functools import partial\n\n\n" + _PICK
    ),
    "a partial of a method": hint(
        "return partial(batch.frames.select, -1)(6)", before="from functools import partial"
    ),
    "a method": hint(
        "return Picker().pick(batch.frames)",
        before="class Picker:\n    def pick(self, values):\n        return values[..., 6]",
    ),
    "a static method": hint(
        "return Picker.pick(batch.frames)",
        before="class Picker:\n    @staticmethod\n    def pick(values):\n        return values[..., 6]",
    ),
    "a class method": hint(
        "return Picker.pick(batch.frames)",
        before="class Picker:\n    k = 6\n\n    @classmethod\n    def pick(cls, values):\n        return values[..., cls.k]",
    ),
    "an inherited method": hint(
        "return B().pick(batch.frames)",
        before="class A:\n    def pick(self, values):\n        return values[..., self.k]\n\n\nclass B(A):\n    k = 6",
    ),
    "a method through super": hint(
        "return B().pick(batch.frames)",
        before="class A:\n    def pick(self, values):\n        return values[..., 6]\n\n\n"
        "class B(A):\n    def pick(self, values):\n        return super().pick(values)",
    ),
    "a constructor": hint(
        "return Held(batch.frames).pick()",
        before="class Held:\n    def __init__(self, f):\n        self.f = f\n\n    def pick(self):\n        return self.f[..., 6]",
    ),
    "a property": hint(
        "return Held(batch).f[..., 6]",
        before="class Held:\n    def __init__(self, given):\n        self.given = given\n\n"
        "    @property\n    def f(self):\n        return self.given.frames",
    ),
    "a callable object": hint(
        "return Pick()(batch.frames)",
        before="class Pick:\n    def __call__(self, values):\n        return values[..., 6]",
    ),
    "a __getitem__": hint(
        "return Turned(batch.frames)[6]",
        before="class Turned:\n    def __init__(self, f):\n        self.f = f\n\n"
        "    def __getitem__(self, k):\n        return self.f[..., k]",
    ),
    "an operator": hint(
        "return Pick() | batch.frames",
        before="class Pick:\n    def __or__(self, values):\n        return values[..., 6]",
    ),
    "a torch module": hint(
        "return Head()(batch.frames)",
        before="class Head(torch.nn.Module):\n    def forward(self, values):\n        return values[..., 6]",
    ),
    "a decorator": hint(
        "return same(batch.frames)",
        before="def kind(function):\n    return lambda values: function(values[..., 6])\n\n\n"
        "@kind\ndef same(values):\n    return values",
    ),
    "a context manager": hint(
        "with given(batch) as f:\n    return f[..., 6]",
        before="from contextlib import contextmanager\n\n\n@contextmanager\ndef given(batch):\n    yield batch.frames",
    ),
    "a generator": hint(
        "return [f[:, 6] for f in each(batch)]", before="def each(batch):\n    yield from batch.data.frames"
    ),
    "a generator of columns": hint(
        "return list(each(batch.frames))",
        before="def each(f):\n    for k in range(f.shape[-1]):\n        yield f[..., k]",
    ),
    "a recursion": hint(
        "return down(batch.frames, 8)",
        before="def down(f, k):\n    return f[..., k] if k == 6 else down(f, k - 1)",
    ),
    "a function in a list": hint(
        "return [one(batch.frames) for one in (lambda f: f[..., 3], lambda f: f[..., 6])]"
    ),
    "a changed argument": hint(
        "held = []\nfill(held, batch)\nreturn held[0][..., 6]",
        before="def fill(held, batch):\n    held.append(batch.frames)",
    ),
    "torch.vmap": hint("return torch.vmap(lambda row: row[6])(batch.data.frames[0])"),
    "an assignment to a method's object": hint(
        "held = Held()\nheld.keep(batch)\nreturn held.f[..., 6]",
        before="class Held:\n    def keep(self, batch):\n        self.f = batch.frames",
    ),
}

CLEAN = {
    "a function, column 3": hint("return pick(batch.frames, 3)", before=_PICK),
    "a function on concentrations": hint("return pick(batch.data.concentration, 6)", before=_PICK),
    "a default that is not used": hint(
        "return pick(batch.frames, 3)", before="def pick(values, k=6):\n    return values[..., k]"
    ),
    "a function that is never called": hint(
        "return batch.data.mid_concentration",
        before="def pick(values: float, k: int = 6):\n    return values * k",
    ),
    "a closure, column 3": hint("f = batch.frames\n\ndef pick():\n    return f[..., 3]\n\nreturn pick()"),
    "a lambda, column 3": hint("pick = lambda values: values[..., 3]\nreturn pick(batch.frames)"),
    "a partial, column 3": hint(
        "return partial(pick, k=3)(batch.frames)", before="from functools import partial\n\n\n" + _PICK
    ),
    "a constructor, column 3": hint(
        "return Held(batch.frames).pick()",
        before="class Held:\n    def __init__(self, f):\n        self.f = f\n\n    def pick(self):\n        return self.f[..., 3]",
    ),
    "an inherited method, column 3": hint(
        "return B().pick(batch.frames)",
        before="class A:\n    def pick(self, values):\n        return values[..., self.k]\n\n\nclass B(A):\n    k = 3",
    ),
    "a class of one's own with a column 6": hint(
        "return Table(batch.data.concentration).open()",
        before="class Table:\n    column = 6\n\n    def __init__(self, knots):\n        self.knots = knots\n\n"
        "    def open(self):\n        return self.knots[:, self.column]",
    ),
    "a helper with a parameter called x": hint(
        "return squared(batch.data.concentration)",
        before="def squared(x):\n    return x[:, 6] ** 2 + x.mean(-1)",
    ),
    "a generator, column 3": hint(
        "return [f[:, 3] for f in each(batch)]", before="def each(batch):\n    yield from batch.data.frames"
    ),
    "the response's own scale": hint(
        "return scaled(batch)", before="def scaled(batch):\n    return batch.data.response_scale * 6"
    ),
    "a rollout": hint("with torch.no_grad():\n    return batch.rollout(batch.windows[0], 2)[..., 6]"),
    "a torch module on concentrations": hint(
        "return Head()(batch.data.concentration)",
        before="class Head(torch.nn.Module):\n    def forward(self, x):\n        return x[:, 6]",
    ),
}
