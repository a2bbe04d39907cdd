"""What a name stands for is changed behind another name, in another function, or by the language itself."""

# ruff: noqa: E501 - a snippet stands in one string, however long
from tests.agent.guard.corpus.writing import hint

_PUT = "def put(held, batch):\n    held.append(batch.frames)"

LEAKS = {
    "a list by its second name": hint("a = [1]\nb = a\nb.append(batch.frames)\nreturn a[-1][..., 6]"),
    "a list's element by its second name": hint("a = [1]\nb = a\nb[0] = batch.frames\nreturn a[0][..., 6]"),
    "a list in a list": hint("a = [1]\nb = [a]\nb[0].append(batch.frames)\nreturn a[-1][..., 6]"),
    "a list that a function fills": hint("a = [1]\nput(a, batch)\nreturn a[-1][..., 6]", before=_PUT),
    "a list of an object": hint(
        "h = Held()\na = h.items\na.append(batch.frames)\nreturn h.items[0][..., 6]",
        before="class Held:\n    def __init__(self):\n        self.items = []",
    ),
    "a list that a closure fills": hint(
        "a = []\n\ndef put():\n    a.append(batch.frames)\n\nput()\nreturn a[0][..., 6]"
    ),
    "a default that is filled": hint(
        "put(batch)\nreturn put(None)",
        before="def put(b, held=[]):\n    if b is not None:\n        held.append(b.frames)\n        return 0.0\n    return held[0][..., 6]",
    ),
    "a slice that is assigned": hint("a = []\na[:] = [batch.frames]\nreturn a[0][..., 6]"),
    "a list that is repeated": hint("a = [batch.frames] * 2\nreturn a[1][..., 6]"),
    "a heap": hint(
        "a = []\nheapq.heappush(a, (0, batch.frames))\nreturn a[0][1][..., 6]", before="import heapq"
    ),
    "vars that are copied": hint("d = {}\nd.update(vars(batch))\nreturn d['frames'][..., 6]"),
    "vars that are merged": hint("d = {} | vars(batch)\nreturn d['frames'][..., 6]"),
    "vars that are spread": hint("d = {**vars(batch)}\nreturn d['frames'][..., 6]"),
    "an exception's argument": hint(
        "try:\n    raise Carrier(batch.frames)\nexcept Carrier as e:\n    return e.args[0][..., 6]",
        before="class Carrier(Exception):\n    pass",
    ),
    "an exception's attribute": hint(
        "try:\n    e = ValueError()\n    e.f = batch.frames\n    raise e\nexcept ValueError as caught:\n    return caught.f[..., 6]"
    ),
    "a value that is sent": hint(
        "g = taking()\nnext(g)\nreturn g.send(batch.frames)",
        before="def taking():\n    f = yield\n    yield f[..., 6]",
    ),
    "a generator's return": hint(
        "return list(outer(batch))[-1]",
        before="def inner(b):\n    yield 1\n    return b.frames\n\n\ndef outer(b):\n    f = yield from inner(b)\n    yield f[..., 6]",
    ),
    "a descriptor": hint(
        "HELD.append(batch)\nreturn Owner().x[..., 6]",
        before="HELD = []\n\n\nclass Given:\n    def __get__(self, owner, kind):\n        return HELD[-1].frames\n\n\nclass Owner:\n    x = Given()",
    ),
    "a context variable": hint(
        "V.set(batch)\nreturn V.get().frames[..., 6]",
        before="from contextvars import ContextVar\n\nV = ContextVar('v')",
    ),
    "a weak reference": hint("return weakref.ref(batch)().frames[..., 6]", before="import weakref"),
    "a thread": hint(
        "out = []\nt = threading.Thread(target=lambda: out.append(batch.frames[..., 6]))\nt.start()\nt.join()\nreturn out[0]",
        before="import threading",
    ),
    "an autograd function": hint(
        "return Reads.apply(batch.data.concentration[:1], batch)",
        before="class Reads(torch.autograd.Function):\n    @staticmethod\n    def forward(ctx, x, b):\n        return x + b.data.frames[:1, :, 6]",
    ),
    "a function mode": hint(
        "with Spy():\n    batch.frames.clone()\nreturn SEEN[-1][..., 6]",
        before="from torch.overrides import TorchFunctionMode\n\nSEEN = []\n\n\nclass Spy(TorchFunctionMode):\n"
        "    def __torch_function__(self, func, types, args=(), kwargs=None):\n        SEEN.append(args[0])\n"
        "        return func(*args, **(kwargs or {}))",
    ),
    "a class's body": hint("class Held:\n    v = batch.frames[..., 6]\n\nreturn Held.v"),
    "an annotation": hint("def g(x: (y := batch.frames[..., 6])):\n    pass\n\nreturn y"),
    "a decorator that calls": hint(
        "@(lambda function: function(batch))\ndef g(b):\n    return b.frames[..., 6]\n\nreturn g"
    ),
    "a destructor": hint(
        "held = Held()\nheld.f = batch.frames\ndel held\nreturn OUT[-1]",
        before="OUT = []\n\n\nclass Held:\n    def __del__(self):\n        OUT.append(self.f[..., 6])",
    ),
    "an object that iterates": hint(
        "return list(Columns(batch))",
        before="class Columns:\n    def __init__(self, b):\n        self.b = b\n\n    def __iter__(self):\n        return iter(self.b.frames.unbind(-1))",
    ),
    "an object as index": hint(
        "return batch.frames[..., Six()]", before="class Six:\n    def __index__(self):\n        return 6"
    ),
    "the number changed in a list": hint("k = [3]\nj = k\nj[0] = 6\nreturn batch.frames[..., k[0]]"),
    "the number appended": hint("k = []\nj = k\nj.append(6)\nreturn batch.frames[..., k[0]]"),
    "the number changed by a function": hint(
        "k = [3]\nraise_it(k)\nreturn batch.frames[..., k[0]]", before="def raise_it(k):\n    k[0] = 6"
    ),
    "the number changed in a dictionary": hint(
        "d = {'k': 3}\ne = d\ne['k'] = 6\nreturn batch.frames[..., d['k']]"
    ),
    "the number changed in a global": hint(
        "raise_it()\nreturn batch.frames[..., AT['k']]",
        before="AT = {'k': 3}\n\n\ndef raise_it():\n    AT['k'] = 6",
    ),
    "a global that is replaced": hint(
        "raise_it()\nreturn batch.frames[..., K]",
        before="K = 3\n\n\ndef raise_it():\n    global K\n    K = 6",
    ),
    "a list that is reversed": hint("k = [3, 6]\nk.reverse()\nreturn batch.frames[..., k[0]]"),
    "a list that is sorted": hint("k = [6, 3, 1]\nk.sort()\nreturn batch.frames[..., k[2]]"),
    "a list that is popped": hint("k = [6, 3]\nk.pop()\nreturn batch.frames[..., k[-1]]"),
    "a shuffled list": hint(
        "k = [3, 6]\nrandom.Random(1).shuffle(k)\nreturn [batch.frames[..., k[0]] + batch.frames[..., k[1]]]",
        before="import random",
    ),
    "a class's number changed": hint(
        "Layout.k = 6\nreturn batch.frames[..., Layout.k]", before="class Layout:\n    k = 3"
    ),
    "a nonlocal number": hint(
        "k = 3\n\ndef up():\n    nonlocal k\n    k += 3\n\nup()\nreturn batch.frames[..., k]"
    ),
    "a tensor changed in place": hint("k = torch.tensor([3])\nk.add_(3)\nreturn batch.frames[..., k]"),
    "a tensor changed by its second name": hint(
        "k = torch.tensor([3])\nj = k\nj += 3\nreturn batch.frames[..., k]"
    ),
    "a view of the index changed": hint(
        "k = torch.tensor([3])\nj = k.view(-1)\nj += 3\nreturn batch.frames[..., k]"
    ),
    "an array that is filled": hint("k = np.array([3])\nk.fill(6)\nreturn batch.frames[..., k]"),
    "a mask changed by its second name": hint(
        "m = torch.arange(8) < 6\nn = m\nn[6] = True\nreturn batch.frames[..., m]"
    ),
    "a frame turned in place": hint("f = batch.data.frames.clone()\nf.transpose_(1, 2)\nreturn f[:, 6]"),
    "a frame's data replaced": hint("f = batch.data.frames.clone()\nf.data = f.flip(-1)\nreturn f[..., 1]"),
    "columns copied by a second name": hint(
        "f = batch.data.frames.clone()\ng = f\ng[..., 3:5] = f[..., 6:8]\nreturn f[..., 3]"
    ),
    "columns copied into a view": hint(
        "f = batch.data.frames.clone()\nc = f[..., 3:5]\nc.copy_(f[..., 5:7])\nreturn f[..., 4]"
    ),
    "added onto a rolled self": hint(
        "f = batch.data.frames.clone()\nf.add_(f.roll(-3, -1))\nreturn f[..., 3]"
    ),
    "an output argument": hint(
        "o = torch.empty_like(batch.data.frames)\ntorch.add(batch.data.frames, 0, out=o)\nreturn o[..., 6]"
    ),
    "np.copyto": hint(
        "o = np.zeros(batch.data.frames.shape)\nnp.copyto(o, batch.data.frames.numpy())\nreturn o[..., 6]"
    ),
    "a buffer": hint(
        "o = torch.zeros(3, batch.data.frames.shape[1], 8)\no[:] = batch.data.frames[:3]\nreturn o[..., 6]"
    ),
    "copy_ into a buffer": hint(
        "o = torch.zeros_like(batch.data.frames).copy_(batch.data.frames)\nreturn o[..., 6]"
    ),
    "an attribute of torch": hint("torch.kept = batch.frames\nreturn torch.kept[..., 6]"),
    "an attribute of a lambda": hint("g = lambda: 0\ng.f = batch.frames\nh = g\nreturn h.f[..., 6]"),
    "a walrus in a comprehension": hint("[f := batch.frames for _ in range(1)]\nreturn f[..., 6]"),
    "an exit stack": hint(
        "with ExitStack() as s:\n    f = s.enter_context(nullcontext(batch.frames))\n    return f[..., 6]",
        before="from contextlib import ExitStack, nullcontext",
    ),
    "a class made by type": hint(
        "K = type('K', (), {'pick': lambda self, f: f[..., 6]})\nreturn K().pick(batch.frames)"
    ),
    "a gradient": hint(
        "f = batch.data.frames.clone().requires_grad_()\n(f * f).sum().backward()\nreturn f.grad[..., 6]"
    ),
    "a loop that turns": hint(
        "f, n = batch.data.frames, 0\nwhile n < 5:\n    f, n = f.roll(1, -1), n + 1\nreturn f[..., 3]"
    ),
}

CLEAN = {
    "a list by its second name, column 3": hint(
        "a = [1]\nb = a\nb.append(batch.frames)\nreturn a[-1][..., 3]"
    ),
    "a number changed to 3": hint("k = [6]\nk[0] = 3\nk = [3]\nreturn batch.frames[..., k[0]]"),
    "a list of numbers that is sorted": hint("k = [6.0, 3.0]\nk.sort()\nreturn k"),
    "a buffer of concentrations": hint(
        "o = torch.zeros_like(batch.data.concentration)\no[:] = batch.data.concentration\nreturn o[:, 6]"
    ),
    "an object that iterates over concentrations": hint(
        "return list(Rows(batch))",
        before="class Rows:\n    def __init__(self, b):\n        self.b = b\n\n    def __iter__(self):\n        return iter(self.b.data.concentration)",
    ),
    "a global list of concentrations": hint(
        "SEEN.append(batch.data.concentration[0])\nreturn SEEN[-1][6]", before="SEEN = []"
    ),
    "a gradient of the concentration": hint(
        "c = batch.data.concentration.clone().requires_grad_()\n(c * c).sum().backward()\nreturn c.grad[..., 6]"
    ),
    "a frame scaled in place": hint("f = batch.data.frames.clone()\nf.mul_(2.0)\nreturn f[..., 3]"),
    "an autograd function on concentrations": hint(
        "return Doubles.apply(batch.data.concentration[:1])",
        before="class Doubles(torch.autograd.Function):\n    @staticmethod\n    def forward(ctx, x):\n        return 2 * x[:, 6:]",
    ),
    "an exception about a number": hint(
        "try:\n    raise ValueError(6)\nexcept ValueError as e:\n    return float(e.args[0])"
    ),
}
