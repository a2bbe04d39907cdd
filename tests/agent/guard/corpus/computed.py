"""The column's number is computed by the program."""

# ruff: noqa: E501 - a snippet stands in one string, however long

from tests.agent.guard.corpus.writing import hint

_NAMES = 'NAMES = ["index", "u", "v", "c", "input", "e", "type", "g"]'

LEAKS = {
    "a sum": hint("return batch.frames[..., 3 + 3]"),
    "twice the concentration": hint(
        "return batch.frames[..., 2 * CONCENTRATION]", before="from sim.dataset import CONCENTRATION"
    ),
    "the number of columns less two": hint(
        "return batch.frames[..., N_COLUMNS - 2]", before="from sim.dataset import N_COLUMNS"
    ),
    "its own shape": hint("f = batch.frames\nreturn f[..., f.shape[-1] - 2]"),
    "its own size": hint("f = batch.data.frames\nreturn f[..., f.size(2) - 2]"),
    "unpacked shape": hint("f = batch.data.frames\n*_, n = f.shape\nreturn f[..., n - 2]"),
    "the length of a row": hint("f = batch.data.frames\nreturn f[..., len(f[0, 0]) - 2]"),
    "the length of a list": hint("return batch.frames[..., len(NAMES) - 2]", before=_NAMES),
    "the place in a list": hint("return batch.frames[..., NAMES.index('type')]", before=_NAMES),
    "a dictionary": hint("columns = {'c': 3, 'type': 6}\nreturn batch.frames[..., columns['type']]"),
    "a dictionary of enumerated names": hint(
        "at = {name: i for i, name in enumerate(NAMES)}\nreturn batch.frames[..., at['type']]", before=_NAMES
    ),
    "get with a default": hint("return batch.frames[..., {}.get('type', 6)]"),
    "an enumeration": hint(
        "return batch.frames[..., Column.TYPE]",
        before="from enum import IntEnum\n\n\nclass Column(IntEnum):\n    C = 3\n    TYPE = 6",
    ),
    "an enumeration that counts": hint(
        "return batch.frames[..., Column.TYPE.value]",
        before="from enum import Enum\n\nColumn = Enum('Column', 'U V C INPUT E TYPE G')",
    ),
    "a class's constant": hint(
        "return batch.frames[..., Layout.kind]", before="class Layout:\n    c = 3\n    kind = c + 3"
    ),
    "a named tuple": hint(
        "return batch.frames[..., AT.kind]",
        before="from collections import namedtuple\n\nAT = namedtuple('At', 'c kind')(3, 6)",
    ),
    "a letter": hint("return batch.frames[..., ord('g') - ord('a')]"),
    "a text": hint("return batch.frames[..., int('6')]"),
    "digits of a text": hint("return batch.frames[..., int('0x6', 16)]"),
    "bits": hint("return batch.frames[..., 0b100 | 0b010]"),
    "a complement": hint("return batch.frames[..., ~1]"),
    "a division": hint("return batch.frames[..., 20 // 3]"),
    "a remainder": hint("return batch.frames[..., 14 % 8]"),
    "a rounded number": hint("return batch.frames[..., round(5.8)]"),
    "a square root": hint("return batch.frames[..., math.isqrt(36)]", before="import math"),
    "a factorial": hint("return batch.frames[..., math.factorial(3)]", before="import math"),
    "a maximum": hint("return batch.frames[..., max(range(7))]"),
    "a sum of a range": hint("return batch.frames[..., sum(range(4))]"),
    "a loop that counts": hint("k = 0\nwhile k < 6:\n    k += 1\nreturn batch.frames[..., k]"),
    "a for loop that counts": hint("k = 0\nfor _ in range(6):\n    k = k + 1\nreturn batch.frames[..., k]"),
    "a tensor's item": hint("k = torch.tensor([3, 6]).max().item()\nreturn batch.frames[..., k]"),
    "an array's element": hint("k = np.array([0, 3, 6])[-1]\nreturn batch.frames[..., k]"),
    "an argmax": hint("k = int(np.argmax([0, 0, 0, 1, 0, 0, 2, 0]))\nreturn batch.frames[..., k]"),
    "a reduction": hint(
        "return batch.frames[..., reduce(operator.mul, (1, 2, 3))]",
        before="import operator\nfrom functools import reduce",
    ),
    "the number of a string's letters": hint("return batch.frames[..., len('labels')]"),
    "a comparison as number": hint("return batch.frames[..., 5 + (1 < 2)]"),
    "a matrix product with a one-hot": hint(
        "pick = torch.zeros(8, dtype=torch.float64)\npick[6] = 1\nreturn batch.frames @ pick"
    ),
    "a one-hot by eye": hint("return batch.frames @ torch.eye(8, dtype=torch.float64)[6]"),
    "einsum with a one-hot": hint(
        "pick = (torch.arange(8) == 6).double()\nreturn torch.einsum('fmc,c->fm', batch.data.frames, pick)"
    ),
    "a linear layer": hint(
        "return torch.nn.functional.linear(batch.frames, torch.eye(8, dtype=torch.float64)[5:7])"
    ),
    "a weighted sum": hint("w = torch.tensor([0, 0, 0, 0, 0, 0, 1.0, 0])\nreturn (batch.frames * w).sum(-1)"),
    "a drawn column": hint(
        "k = int(torch.randperm(8, generator=torch.Generator().manual_seed(3))[0])\n"
        "return batch.frames[..., k : k + 8] + batch.frames[..., : k + 1].flip(-1)[..., :1]"
    ),
    "the column with the fewest values": hint(
        "f = batch.data.frames\n"
        "k = min((i for i in range(8) if len(f[0, :, i].unique()) > 1), key=lambda i: len(f[0, :, i].unique()))\n"
        "return f[..., k]"
    ),
}

CLEAN = {
    "a sum, 3": hint("return batch.frames[..., 1 + 2]"),
    "half the label": hint("return batch.frames[..., LABEL // 2]", before="from sim.dataset import LABEL"),
    "the length of a list, 3": hint("return batch.frames[..., len(NAMES) - 5]", before=_NAMES),
    "the place in a list, 3": hint("return batch.frames[..., NAMES.index('c')]", before=_NAMES),
    "a dictionary, 3": hint("columns = {'c': 3, 'type': 6}\nreturn batch.frames[..., columns['c']]"),
    "its own shape, 3": hint("f = batch.frames\nreturn f[..., f.shape[-1] - 5]"),
    "shapes alone": hint(
        "f = batch.data.frames\nreturn [f.shape[0], f.size(1), f.shape[-1], f.ndim, len(f)]"
    ),
    "sizes unpacked": hint(
        "n_frames, n_metabolites, _ = batch.data.frames.shape\nreturn n_frames * n_metabolites"
    ),
    "numel": hint("return batch.frames.numel() + batch.frames.element_size()"),
    "an enumeration, 3": hint(
        "return batch.frames[..., Column.C]",
        before="from enum import IntEnum\n\n\nclass Column(IntEnum):\n    C = 3\n    TYPE = 6",
    ),
    "a loop that counts metabolites": hint(
        "total = 0.0\nfor i in range(batch.data.frames.shape[1]):\n"
        "    total = total + batch.data.frames[0, i, 3]\nreturn total"
    ),
    "a computed frame": hint("k = int(batch.starts[0, 0])\nreturn batch.data.frames[k, :, 3]"),
    "computed metabolites": hint(
        "order = batch.data.concentration[0].argsort()\nreturn batch.data.frames[:, order, 3]"
    ),
    "a matrix product without the label": hint(
        "w = torch.linspace(0, 1, 6, dtype=torch.float64)\nreturn batch.frames[..., :6] @ w"
    ),
    "einsum over the concentration": hint(
        "c = batch.data.frames[..., 3]\nreturn torch.einsum('fm,fm->m', c, c)"
    ),
    "a like-shaped tensor": hint(
        "return torch.zeros_like(batch.frames)[..., 6] + batch.frames.new_ones(3)[0]"
    ),
}
