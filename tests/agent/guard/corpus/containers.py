"""Frames and columns are put into containers, loops and attributes, and taken out again."""

# ruff: noqa: E501 - a snippet stands in one string, however long

from tests.agent.guard.corpus.writing import hint

LEAKS = {
    "a list": hint("held = [batch.frames]\nreturn held[0][..., 6]"),
    "a list that grows": hint("held = []\nheld.append(batch.frames)\nreturn held[0][..., 6]"),
    "a list that is extended": hint("held = []\nheld += [1, batch.frames]\nreturn held[-1][..., 6]"),
    "a deque": hint(
        "held = deque()\nheld.append(batch.frames)\nreturn held.pop()[..., 6]",
        before="from collections import deque",
    ),
    "a dictionary": hint("held = {'f': batch.frames}\nreturn held['f'][..., 6]"),
    "a dictionary by dict": hint("held = dict(f=batch.frames)\nreturn held['f'][..., 6]"),
    "a dictionary's values": hint("held = {'f': batch.frames}\nreturn [f[..., 6] for f in held.values()]"),
    "a dictionary's items": hint("held = {6: batch.frames}\nreturn [f[..., k] for k, f in held.items()]"),
    "setdefault": hint("held = {}\nreturn held.setdefault('f', batch.frames)[..., 6]"),
    "a defaultdict": hint(
        "held = defaultdict(list)\nheld['f'].append(batch.frames)\nreturn held['f'][0][..., 6]",
        before="from collections import defaultdict",
    ),
    "a nested container": hint("held = {'a': [(1, batch.frames)]}\nreturn held['a'][0][1][..., 6]"),
    "a list by its own element": hint("held = [None]\nheld[0] = batch.frames\nreturn held[0][..., 6]"),
    "an attribute": hint(
        "bag = SimpleNamespace()\nbag.f = batch.frames\nreturn bag.f[..., 6]",
        before="from types import SimpleNamespace",
    ),
    "a namespace's argument": hint(
        "bag = SimpleNamespace(f=batch.frames)\nreturn bag.f[..., 6]",
        before="from types import SimpleNamespace",
    ),
    "a dataclass": hint(
        "return Held(batch.frames).f[..., 6]",
        before="from dataclasses import dataclass\n\n\n@dataclass\nclass Held:\n    f: object",
    ),
    "a named tuple": hint(
        "return Held(f=batch.frames)[0][..., 6]",
        before="from typing import NamedTuple\n\n\nclass Held(NamedTuple):\n    f: object\n    k: int = 6",
    ),
    "a class's attribute": hint(
        "Held.f = batch.frames\nreturn Held.f[..., 6]", before="class Held:\n    f = None"
    ),
    "a function's attribute": hint("hint.f = batch.frames\nreturn hint.f[..., 6]"),
    "a global": hint(
        "global held\nheld = batch.frames\nreturn pick()",
        before="held = None\n\n\ndef pick():\n    return held[..., 6]",
    ),
    "a module's list": hint("HELD.append(batch.frames)\nreturn HELD[-1][..., 6]", before="HELD = []"),
    "a loop over columns": hint(
        "total = 0.0\nfor k in range(4, 8):\n    total = total + batch.frames[..., k]\nreturn total"
    ),
    "a loop over turned columns": hint("return [column for column in batch.data.frames.permute(2, 0, 1)]"),
    "a loop over rows": hint("return [row[6] for row in batch.data.frames[0]]"),
    "a loop over numbers": hint("return [value for row in batch.data.frames[0] for value in row]"),
    "a comprehension over columns": hint("return [batch.frames[..., k].mean(1) for k in range(8) if k != 3]"),
    "a comprehension that skips": hint(
        "return [c for k, c in enumerate(batch.frames.unbind(-1)) if k % 6 == 0]"
    ),
    "a generator": hint("return list(f[:, 6] for f in batch.data.frames)"),
    "a dictionary of columns": hint(
        "columns = {name: batch.frames[..., k] for k, name in enumerate(NAMES)}\nreturn columns['type']",
        before="NAMES = ['i', 'u', 'v', 'c', 'in', 'e', 'type', 'g']",
    ),
    "zipped columns": hint(
        "return [c for name, c in zip('iuvcnetg', batch.frames.unbind(-1)) if name == 't']"
    ),
    "zip turns rows": hint("return list(zip(*batch.data.frames[0].tolist()))[6]"),
    "unpacked columns": hint("i, u, v, c, n, e, kind, g = batch.frames.unbind(-1)\nreturn kind"),
    "an unpacked row": hint("return [kind for *_, kind, _ in batch.data.frames[0].tolist()]"),
    "map": hint("return list(map(lambda row: row[6], batch.data.frames[0]))"),
    "map with itemgetter": hint(
        "return list(map(itemgetter(6), batch.data.frames[0]))", before="from operator import itemgetter"
    ),
    "filter": hint("return [float(row[3]) for row in filter(lambda row: row[6] > 0, batch.data.frames[0])]"),
    "sorted by a key": hint(
        "return [float(row[3]) for row in sorted(batch.data.frames[0], key=lambda row: row[6])]"
    ),
    "islice": hint(
        "return [list(islice(row, 6, 7)) for row in batch.data.frames[0].tolist()]",
        before="from itertools import islice",
    ),
    "next of an iterator": hint(
        "columns = iter(batch.frames.unbind(-1))\nfor _ in range(6):\n    next(columns)\nreturn next(columns)"
    ),
    "a queue's last": hint("held = [1, batch.frames]\nreturn held.pop()[..., 6]"),
    "reversed columns": hint("return list(reversed(batch.frames.unbind(-1)))[1]"),
    "starred into a list": hint("return [*batch.frames.unbind(-1)][6]"),
    "a while loop over columns": hint(
        "k, total = 0, 0.0\nwhile k < 8:\n    total, k = total + batch.frames[..., k], k + 1\nreturn total"
    ),
}

CLEAN = {
    "a list, column 3": hint("held = [batch.frames]\nreturn held[0][..., 3]"),
    "a list that grows, column 3": hint("held = []\nheld.append(batch.frames)\nreturn held[0][..., 3]"),
    "a dictionary, column 3": hint("held = {'f': batch.frames}\nreturn held['f'][..., 3]"),
    "a dictionary of concentrations": hint(
        "held = {'frames': batch.data.concentration}\nreturn held['frames'][..., 6]"
    ),
    "a mixed list": hint("held = [batch.frames, batch.data.concentration]\nreturn held[1][..., 6]"),
    "a namespace, column 3": hint(
        "bag = SimpleNamespace(f=batch.frames)\nreturn bag.f[..., 3]",
        before="from types import SimpleNamespace",
    ),
    "a dataclass, column 3": hint(
        "return Held(batch.frames).f[..., 3]",
        before="from dataclasses import dataclass\n\n\n@dataclass\nclass Held:\n    f: object",
    ),
    "a dataclass of frames that count": hint(
        "w = Window(frames=32)\nreturn w.frames * 6",
        before="from dataclasses import dataclass\n\n\n@dataclass\nclass Window:\n    frames: int",
    ),
    "a loop over other columns": hint("return sum(batch.frames[..., k] for k in range(8) if k != 6)"),
    "a loop that skips the label": hint(
        "total = 0.0\nfor k in range(8):\n    if k == 6:\n        continue\n    total = total + batch.frames[..., k]\nreturn total"
    ),
    "a loop over rows, column 3": hint("return [row[3] for row in batch.data.frames[0]]"),
    "a loop over frames, row 6": hint("return [f[6, 3] for f in batch.data.frames]"),
    "unpacked columns, c": hint("i, u, v, c, n, e, kind, g = batch.frames.unbind(-1)\nreturn c"),
    "zipped metabolites": hint(
        "return [float(a * b) for a, b in zip(batch.data.concentration[0], batch.data.spread)]"
    ),
    "map, column 3": hint("return list(map(lambda row: row[3], batch.data.frames[0]))"),
    "sorted by concentration": hint(
        "return [float(row[3]) for row in sorted(batch.data.frames[0], key=lambda row: row[3])]"
    ),
    "a dictionary of columns, c": hint(
        "columns = {name: batch.frames[..., k] for k, name in enumerate(NAMES) if name != 'type'}\nreturn columns['c']",
        before="NAMES = ['i', 'u', 'v', 'c', 'in', 'e', 'type', 'g']",
    ),
    "a list called frames": hint("frames = [0.1 * k for k in range(9)]\nreturn frames[6] + sum(frames)"),
    "the seventh of nine": hint("items = list(range(9))\n*_, a, b, c = items\nreturn a * b * c"),
    "numbers in a dictionary": hint("weights = {k: 0.1 * k for k in range(8)}\nreturn weights[6]"),
}
