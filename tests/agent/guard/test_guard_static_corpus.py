"""Layer 2 on snippets: ways to read the label that must be found, and look-alikes that must not."""

# ruff: noqa: E501
# A snippet stands in one string, however long.
from textwrap import dedent, indent

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.guard import Verdict, check_source

HEAD = """\
import operator
import torch
import numpy as np
import sim.dataset
from sim import dataset as layout
from sim.dataset import CONCENTRATION, LABEL
LAST_BUT_ONE = -2
NAMES = ["index", "u", "v", "c", "input", "e", "type", "g"]

def loss(batch, observations, model, x, S, embeddings, t, n, i, mask):
"""


def verdict_of(body: str) -> Verdict:
    return check_source(HEAD + indent(dedent(body).strip(), "    ") + "\n", "my_strategy.py").verdict


LEAKS = {
    "the seed's read": "return x[:, 6]",
    "last but one": "return x[:, -2]",
    "by an imported name": "return x[:, LABEL]",
    "by a name of a module": "return x[:, sim.dataset.LABEL]",
    "by a name of an aliased module": "return x[:, layout.LABEL]",
    "by a constant of the module": "return x[:, LAST_BUT_ONE]",
    "by arithmetic": "k = CONCENTRATION * 2\nreturn x[:, k]",
    "by the length of a list": "return x[:, len(NAMES) - 2]",
    "by the place in a list": "return batch.frames.T[NAMES.index('type')]",
    "by a dictionary": "columns = {'c': 3, 'type': 6}\nreturn batch.frames[..., columns['type']]",
    "an entry": "return x[i, 6]",
    "a row's entry": "return x[4][6]",
    "three axes": "return batch.frames[:, :, 6]",
    "an ellipsis": "return batch.frames[..., 6]",
    "one frame of a batch": "return batch.frames[t][:, 6]",
    "one metabolite": "return batch.frames[t, 3, 6]",
    "a new axis": "return batch.frames[:, None, :, 6]",
    "a window": "return batch.frames[t : t + n, :, 6]",
    "a mask of metabolites": "return batch.frames[:, mask][..., 6]",
    "an alias": "f = batch.frames\ny = f\nreturn y[..., 6]",
    "a walrus": "if (f := batch.frames) is not None:\n    return f[..., 6]",
    "unpacking a pair": "f, other = batch.frames, 1\nreturn f[..., 6]",
    "unpacking the columns": "*_, label, unused = batch.frames.unbind(-1)\nreturn label.float()",
    "unbound columns": "return torch.unbind(batch.frames, dim=2)[6]",
    "a loop over frames": "for f in batch.frames:\n    print(f[:, 6])",
    "a loop over rows": "return [row[6] for row in x]",
    "a loop over columns": "total = 0\nfor k in range(4, 8):\n    total = total + batch.frames[..., k].sum()",
    "a loop over transposed columns": "for column in x_of(batch).T:\n    pass\nfor column in batch.frames.T:\n    print(column.mean())",
    "a comprehension over columns": "return [batch.frames[..., k].mean() for k in range(8) if k != 3]",
    "a conditional column": "k = 6 if n > 3 else 3\nreturn batch.frames[..., k]",
    "a branch": "k = 3\nif n > 3:\n    k = 6\nreturn batch.frames[..., k]",
    "a while loop": "k = 0\nwhile n < 5:\n    k += 1\nreturn batch.frames[..., k]",
    "a slice and a sum": "return batch.frames[..., 5:7].sum()",
    "a slice of one": "return x[:, 6:7]",
    "a step": "return batch.frames[..., ::3].mean()",
    "a slice object": "return batch.frames[..., slice(6, None)].mean()",
    "a slice of a slice": "return batch.frames[..., 2:][..., 4]",
    "a list of columns": "return batch.frames[..., [3, 6]].sum()",
    "a tensor of columns": "return batch.frames[..., torch.tensor([6])]",
    "a mask of columns": "keep = torch.arange(8) == 6\nreturn batch.frames[..., keep]",
    "a transpose": "return batch.frames.transpose(1, 2)[:, 6]",
    "transposed by T": "return batch.frames.T[6]",
    "transposed by name": "return x.T[6]",
    "a permutation": "return batch.frames.permute(2, 0, 1)[6]",
    "mT": "return batch.frames.mT[:, 6]",
    "movedim": "return torch.movedim(batch.frames, -1, 0)[6]",
    "select": "return batch.frames.select(-1, 6)",
    "torch.select": "return torch.select(x, 1, 6)",
    "narrow": "return batch.frames.narrow(2, 6, 1)",
    "index_select": "return batch.frames.index_select(-1, torch.tensor([6]))",
    "np.take": "return np.take(batch.frames, 6, axis=-1)",
    "split": "return batch.frames.split(2, dim=-1)[3].sum()",
    "chunk": "parts = batch.frames.chunk(8, dim=-1)\nreturn parts[6]",
    "a clone on another device": "return batch.frames.clone().to('cpu').float().detach()[..., 6]",
    "joined frames": "return torch.cat([batch.frames, batch.frames])[..., 6]",
    "stacked frames": "return torch.stack([batch.frames, batch.frames])[..., 6]",
    "a scaled copy": "return (batch.frames * 2.0 + 1.0)[..., 6]",
    "numpy": "return batch.frames.numpy()[..., 6]",
    "a nested list": "return batch.frames.tolist()[0][1][6]",
    "reshaped rows": "return batch.frames.reshape(-1, 8)[:, 6]",
    "flattened rows": "return batch.frames.flatten(0, 1)[:, 6]",
    "flipped columns": "return batch.frames.flip(-1)[..., 1]",
    "a sum over everything": "return batch.frames.sum()",
    "a mean over columns": "return batch.frames.mean(-1)",
    "torch.sum over columns": "return torch.sum(batch.frames, dim=2)",
    "the largest": "return batch.frames.amax(dim=(0, 2))",
    "flattened": "return batch.frames.flatten()",
    "a matrix product": "return batch.frames @ S",
    "gathered columns": "return batch.frames.gather(-1, mask)",
    "a loop that is left early": "f = None\nfor k in range(n):\n    if k > t:\n        f = batch.frames\n        break\nreturn f[..., 6]",
    "a static method": "class Loss:\n    @staticmethod\n    def pick(x):\n        return x[:, 6]\nreturn Loss",
    "an inherited method": "class A:\n    def pick(self, f):\n        return f[..., 6]\nclass B(A):\n    pass\nreturn B().pick(batch.frames)",
    "a frame kept by the constructor": "class A:\n    def __init__(self, f):\n        self.f = f\n    def pick(self):\n        return self.f[..., 6]\nreturn A(batch.frames).pick()",
    "a column kept by the constructor": "class A:\n    def __init__(self):\n        self.k = 6\n    def pick(self):\n        return batch.frames[..., self.k]\nreturn A().pick()",
    "a frame in a dataclass": "class A:\n    f: object\nreturn A(f=batch.frames).f[..., 6]",
    "an annotated parameter": "def f(data: Float[Tensor, 'frame metabolite 8']):\n    return data[..., 6]\nreturn f",
    "a parameter called frames": "def f(frames):\n    return frames[:, :, 6]\nreturn f",
    "an enumeration": "class Column(IntEnum):\n    C = 3\n    TYPE = 6\nreturn batch.frames[..., Column.TYPE.value]",
    "keyword arguments unpacked": "def pick(values, k):\n    return values[..., k]\nreturn pick(**{'values': batch.frames, 'k': 6})",
    "zipped columns": "return [c.sum() for k, c in zip(range(8), batch.frames.unbind(-1)) if k == 6]",
    "a chained comparison": "return 0 < batch.frames[..., 5:7] < 2",
    "a text": "return f'{batch.frames[..., 5:7]}'",
    "copied columns": "return np.array(batch.frames)[:, :, 6].copy()",
    "a property": "class A:\n    @property\n    def f(self):\n        return batch.frames\nreturn A().f[..., 6]",
    "a nonlocal name": "f = None\ndef take():\n    nonlocal f\n    f = batch.frames\ntake()\nreturn f[..., 6]",
    "a global name": "def take():\n    global HELD\n    HELD = batch.frames\ntake()\nreturn HELD[..., 6]",
    "a softmax": "return torch.softmax(batch.frames, -1)",
    "columns minus columns": "return (batch.frames[..., 1:] - batch.frames[..., :-1]).mean()",
    "a comparison": "same = batch.frames[..., 5:7] == 1\nreturn same.any()",
    "an index": "return S[batch.frames[..., 5:7]]",
    "a decision": "if batch.frames[0, 0, 6] > 0:\n    return 1",
    "a dictionary of frames": "held = {'f': batch.frames}\nreturn held['f'][..., 6]",
    "a list that grows": "held = []\nheld.append(batch.frames)\nreturn held[0][..., 6]",
    "an attribute of the model": "model.table = batch.frames\nreturn model.table[..., 6]",
    "a function": "def pick(values, k):\n    return values[..., k]\nreturn pick(batch.frames, 6)",
    "a default argument": "def pick(values, k=6):\n    return values[..., k]\nreturn pick(batch.frames)",
    "a closure": "f = batch.frames\ndef pick():\n    return f[..., 6]\nreturn pick()",
    "a lambda": "pick = lambda values: values[..., 6]\nreturn pick(batch.frames)",
    "a mapped lambda": "return list(map(lambda row: row[:, 6], batch.frames))",
    "a generator": "def each():\n    yield from batch.frames\nreturn [f[:, 6] for f in each()]",
    "getattr": "return getattr(batch, 'fra' + 'mes')[..., 6]",
    "a key": "return batch['frames'][..., 6]",
    "operator.getitem": "return operator.getitem(batch.frames, (..., 6))",
    "__getitem__": "return batch.frames.__getitem__((..., 6))",
    "np.s_": "return batch.frames[np.s_[..., 6]]",
    "a stored index": "where = (slice(None), slice(None), 6)\nreturn batch.frames[where]",
    "an operation in place": "x[:, 6] += 1",
    "after a try": "try:\n    f = batch.frames\nexcept ValueError:\n    f = None\nreturn f[..., 6]",
    "a class pattern": "match observations:\n    case layout.Observations(frames=f):\n        return f[..., 6]",
    "a data object's x": "return batch.x[:, 6]",
}

UNDECIDABLE = {
    "a column from an argument": "return batch.frames[..., i]",
    "a column from elsewhere": "return batch.frames[..., model.column]",
    "a computed reshape": "return batch.frames.reshape(n, -1)[:, 6]",
    "an axis from elsewhere": "return batch.frames.mean(dim=i)",
    "a frame passed out": "return model(batch.frames)",
    "a method nobody knows": "return batch.frames.apply_(n)",
    "a computed attribute of a frame": "return getattr(batch.frames, n)",
    "a computed attribute of a batch": "return getattr(batch, n)[..., 6]",
    "rows turned by zip": "return list(zip(*batch.frames[0].tolist()))[6]",
    "einsum": "return torch.einsum('tmc->tm', batch.frames)",
    "eval": "return eval('x[:, 6]')",
    "exec": "exec('y = x[:, 6]')",
    "an alias of eval": "run = eval\nreturn run(n)",
    "__import__": "return __import__('os')",
    "importlib": "import importlib\nreturn importlib.import_module(n)",
    "open": "return open('types.npz', 'rb')",
    "np.load": "return np.load('types.npz')",
    "torch.load": "return torch.load('types.pt')",
    "a file through torch": "return torch.from_file('types.bin', size=9)",
    "pathlib": "from pathlib import Path\nreturn Path('types.npz').read_bytes()",
    "pickle": "import pickle\nreturn pickle.loads(n)",
    "ctypes": "import ctypes",
    "subprocess": "from subprocess import run",
    "os.system": "import os\nos.system('cat types.npz')",
    "the environment": "import os\nreturn os.environ['HOME']",
    "socket": "import socket",
    "globals": "return globals()['x'][:, 6]",
    "frames of the stack": "import sys\nreturn sys._getframe(1)",
}

TRUTH = {
    "the generator": "from sim.networks.generate import generate",
    "the presets": "import sim.networks.presets as presets",
    "the simulation": "from sim import simulate",
    "the evaluation": "from sim.evaluation import metrics",
    "the evaluation by attribute": "return sim.evaluation.metrics",
    "the answer key's class": "from sim.networks.network import Truth",
    "the seal's loader": "from sim.dataset import load_seal",
    "the agent": "import agent.pool",
    "the memory": "from memory.store import open_store",
    "a relative import": "from ..evaluation import metrics",
}

CLEAN = {
    "concentration": "return batch.concentration[:, 6]",
    "column 3": "return x[:, 3]",
    "column 3 of frames": "return batch.frames[..., CONCENTRATION]",
    "column 3 of three axes": "return batch.frames[:, :, 3].mean()",
    "column 3 by the length": "return batch.frames[..., len(NAMES) - 5].mean()",
    "column 3 transposed": "return batch.frames.T[3].sum()",
    "column 3 by select": "return batch.frames.select(-1, 3).sum()",
    "column 3 by a permutation": "return batch.frames.permute(2, 0, 1)[3].sum()",
    "column 3 of a slice": "return batch.frames[..., 2:][..., 1].sum()",
    "column 3 by a function": "def pick(values, k=6):\n    return values[..., k]\nreturn pick(batch.frames, 3)",
    "column 3 by unpacking": "_, _, _, c, *rest = batch.frames.unbind(-1)\nreturn c.mean()",
    "columns before the label": "return batch.frames[..., :6].sum()",
    "columns after the label": "return batch.frames[..., 7:].sum()",
    "every other column from 1": "return batch.frames[..., 1::2].sum()",
    "a mask without the label": "return batch.frames[..., torch.arange(8) < 5].sum()",
    "a loop over other columns": "return sum(batch.frames[..., k].sum() for k in range(8) if k != 6)",
    "a loop that skips the label": "for k in range(8):\n    if k == 6:\n        continue\n    print(batch.frames[..., k].sum())",
    "row 6": "return x[6]",
    "metabolite 6": "return batch.frames[:, 6][..., 3]",
    "metabolite 6, column 3": "return batch.frames[:, 6, 3]",
    "frame 6": "return batch.frames[6][:, 3]",
    "column 6 of embeddings": "return embeddings[:, 6]",
    "column 6 of S": "return S[:, 6].sum()",
    "column 6 of a fresh x": "x = torch.rand(3, 9)\nreturn x[:, 6].sum()",
    "column 6 of concentrations": "c = batch.frames[:, :, 3]\nreturn c[:, 6]",
    "an annotated other tensor": "def f(x: Float[Tensor, 'replicate window']):\n    return x[:, 6]\nreturn f",
    "a frame moved whole": "f = batch.frames.clone().to('cpu').float().detach()\nreturn f[..., 3]",
    "frames joined whole": "f = torch.cat([batch.frames, batch.frames], dim=0)\nreturn f",
    "shape": "return batch.frames.shape[1], batch.frames.size(0), len(batch.frames), batch.frames.ndim",
    "sizes unpacked": "frames, metabolites, _ = batch.frames.shape\nreturn frames * metabolites",
    "a mean over time": "return batch.frames.mean(dim=0)[:, 3]",
    "a scaled copy": "return (batch.frames * 2.0)[..., 3].sum()",
    "the label overwritten": "f = batch.frames.clone()\nf[..., 6] = 0\nreturn f[..., 3]",
    "a variable called x": "x = model(batch.concentration)\nreturn x.sum() + x.mean(-1).max() + x.flatten()[6]",
    "a parameter called x": "return (x[:, 1:] - x[:, :-1]).square().mean() + model(x) + x[i]",
    "a variable called columns": "columns = torch.linspace(0, 1, 9)\nreturn columns[6] + columns.sum()",
    "a matrix product of x": "return torch.tanh(x @ S) * x.sum(-1, keepdim=True)",
    "a loop that is left early": "for k in range(n):\n    f = batch.frames\n    if k > t:\n        break\nreturn f[..., 3]",
    "an inherited method": "class A:\n    def pick(self, f):\n        return f[..., 3]\nclass B(A):\n    pass\nreturn B().pick(batch.frames)",
    "an attribute called frames that counts": "class Window:\n    frames: int\nw = Window(frames=32)\nreturn w.frames * 6 + sum([w.frames])",
    "types of the language": "return isinstance(batch.frames, torch.Tensor) and type(x)",
    "re.compile and model.eval": "import re\nmodel.eval()\nreturn re.compile('6')",
    "a training step": """
        optimiser = torch.optim.Adam(model.parameters(), lr=1e-3)
        for step in range(n):
            residual = model(batch.concentration[t : t + 32]) - S
            value = residual.square().mean(dim=(0, 1)).sum()
            optimiser.zero_grad()
            value.backward()
            torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
            optimiser.step()
        return value.item()""",
    "a class of one's own": """
        class Table:
            def __init__(self, knots):
                self.knots = knots
                self.column = 6
            def open(self):
                return self.knots[:, self.column]
        return Table(S).open()""",
    "the reaction's stoichiometry": "from sim.networks.network import RateLaw, Stoichiometry",
}


def cases(table: dict[str, str]) -> list[object]:
    return [pytest.param(body, id=name) for name, body in table.items()]


@pytest.mark.parametrize("body", cases(LEAKS))
def test_a_read_of_the_label_is_refused(body: str) -> None:
    assert verdict_of(body) is not Verdict.CLEAN


@pytest.mark.parametrize("body", cases(UNDECIDABLE))
def test_what_cannot_be_decided_is_refused_with_a_remedy(body: str) -> None:
    report = check_source(HEAD + indent(dedent(body).strip(), "    ") + "\n", "my_strategy.py")
    assert report.verdict is Verdict.UNDECIDABLE
    assert all(finding.remedy for finding in report.findings)


@pytest.mark.parametrize("body", cases(TRUTH))
def test_what_holds_ground_truth_may_not_be_imported(body: str) -> None:
    assert verdict_of(body) is Verdict.LEAK


@pytest.mark.parametrize("body", cases(CLEAN))
def test_a_look_alike_is_clean(body: str) -> None:
    report = check_source(HEAD + indent(dedent(body).strip(), "    ") + "\n", "my_strategy.py")
    assert report.findings == ()


NOT_A_LEAK_BUT_UNDECIDABLE = {"a while loop"}


@pytest.mark.parametrize(
    "body", cases({k: v for k, v in LEAKS.items() if k not in NOT_A_LEAK_BUT_UNDECIDABLE})
)
def test_a_read_that_can_be_decided_is_called_a_leak(body: str) -> None:
    assert verdict_of(body) is Verdict.LEAK


bounds = st.none() | st.integers(-9, 9)


@given(start=bounds, stop=bounds, step=st.none() | st.integers(-3, 3).filter(bool))
def test_a_slice_leaks_exactly_when_it_holds_column_6(
    start: int | None, stop: int | None, step: int | None
) -> None:
    body = f"return batch.frames[..., slice({start}, {stop}, {step})].sum()"
    written = body.replace(
        f"slice({start}, {stop}, {step})",
        ":".join("" if part is None else str(part) for part in (start, stop, step)),
    )
    expected = Verdict.LEAK if 6 in range(8)[slice(start, stop, step)] else Verdict.CLEAN
    assert verdict_of(body) is expected
    assert verdict_of(written) is expected


@given(
    order=st.permutations(range(3)),
    column=st.integers(-8, 7),
    rows=st.sampled_from((":", "2", "None, 1:3", "t : t + n")),
)
def test_a_permuted_frame_leaks_exactly_when_column_6_is_picked(
    order: list[int], column: int, rows: str
) -> None:
    back = [order.index(axis) for axis in range(3)]
    body = f"return batch.frames.permute({order}).permute({back})[{rows}, ..., {column}].sum()"
    assert verdict_of(body) is (Verdict.LEAK if column in (6, -2) else Verdict.CLEAN)
