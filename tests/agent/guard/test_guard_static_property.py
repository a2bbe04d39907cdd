"""Random compositions of views, indices and reductions: what depends on the label is never called clean."""

import warnings
from typing import Any

import numpy as np
import torch
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from agent.guard import Verdict, check_source
from sim.dataset import LABEL, N_COLUMNS

HEAD = """\
import numpy as np
import torch
from sim.strategies.base import Strategy

class Composed(Strategy):
    def loss(self, batch):
        f = batch.data.frames
"""


def verdict_of(lines: list[str]) -> Verdict:
    body = "".join(f"        {line}\n" for line in [*lines, "return f"])
    return check_source(HEAD + body, "composed.py").verdict


def marked() -> torch.Tensor:
    """Frames in which the label column alone is not a number."""
    frames = torch.arange(3 * 4 * N_COLUMNS, dtype=torch.float64).reshape(3, 4, N_COLUMNS)
    frames[..., LABEL] = torch.nan
    return frames


def depends(lines: list[str]) -> bool | None:
    """Whether the label reaches the result; None where the program does not run."""
    names: dict[str, Any] = {"f": marked(), "torch": torch, "np": np}
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            exec("\n".join(lines), names)
    except (RuntimeError, IndexError, ValueError, TypeError, AttributeError):
        return None
    return bool(np.isnan(np.asarray(names["f"], dtype=float)).any())


small = st.integers(-4, 4)
column = st.integers(-8, 7)
size = st.sampled_from((1, 2, 3, 4, 8))
bound = st.none() | st.integers(-8, 8)


def written(parts: list[str]) -> str:
    return ", ".join(parts)


slices = st.builds(
    lambda start, stop, step: ":".join("" if part is None else str(part) for part in (start, stop, step)),
    bound,
    bound,
    st.none() | st.integers(1, 3),
)
lists = st.lists(small, min_size=1, max_size=3)
entry = st.one_of(
    slices,
    column.map(str),
    small.map(str),
    st.just(":"),
    st.just("None"),
    lists.map(str),
    lists.map(lambda numbers: f"torch.tensor({numbers})"),
    st.lists(st.booleans(), min_size=4, max_size=4).map(str),
    st.lists(st.booleans(), min_size=8, max_size=8).map(str),
    st.just("torch.arange(2)[:, None]"),
    st.just("torch.ones(3, 4) > 0"),
)
index = st.builds(
    lambda before, dots, after: f"f = f[{written([*before, *(['...'] if dots else []), *after]) or '...'}]",
    st.lists(entry, max_size=3),
    st.booleans(),
    st.lists(entry, max_size=2),
)
axis = st.integers(-3, 2)
axes = st.lists(axis, min_size=1, max_size=2, unique=True).map(tuple)
order = st.permutations(range(3)).map(tuple)
keep = st.sampled_from(("", ", keepdim=True"))
view = st.one_of(
    st.builds("f = f.transpose({}, {})".format, axis, axis),
    st.builds("f = f.swapaxes({}, {})".format, axis, axis),
    st.builds("f = f.permute({})".format, order),
    st.builds("f = torch.movedim(f, {}, {})".format, axis, axis),
    st.sampled_from(("f = f.mT", "f = f.T", "f = f.clone()", "f = f.contiguous()", "f = f.squeeze()")),
    st.builds("f = f.flip({})".format, axes),
    st.builds("f = f.roll({}, {})".format, st.integers(-9, 9), axis),
    st.builds("f = f.unsqueeze({})".format, axis),
    st.builds("f = f.squeeze({})".format, axis),
    st.builds("f = f.select({}, {})".format, axis, column),
    st.builds("f = f.narrow({}, {}, {})".format, axis, st.integers(-3, 6), st.integers(1, 3)),
    st.builds(
        "f = f.index_select({}, torch.tensor({}))".format, axis, st.lists(st.integers(0, 3), min_size=1)
    ),
    st.builds("f = f.reshape({})".format, st.lists(size, min_size=1, max_size=3).map(lambda one: (-1, *one))),
    st.builds("f = f.reshape({})".format, st.lists(size, min_size=1, max_size=3).map(lambda one: (*one, -1))),
    st.builds("f = f.flatten({}, {})".format, axis, axis),
    st.builds("f = f.unflatten({}, {})".format, axis, st.sampled_from(((2, 4), (4, 2), (2, 2, 2), (2, 2)))),
    st.builds("f = f.unbind({})[{}]".format, axis, small),
    st.builds("f = f.split({}, {})[{}]".format, st.integers(1, 5), axis, small),
    st.builds("f = f.chunk({}, {})[{}]".format, st.integers(1, 5), axis, small),
    st.builds("f = f.tensor_split({}, {})[{}]".format, st.sampled_from((3, 5, (2, 6), (6, 7))), axis, small),
    st.builds("f = f.expand(2, {})".format, st.sampled_from(("-1, -1, -1", "3, 4, 8", "-1, -1"))),
    st.builds("f = f.repeat({})".format, st.sampled_from(((1, 2, 1), (1, 1, 2), (2, 1, 1, 1), (2, 2)))),
    st.builds("f = f.unfold({}, 2, 1)".format, axis),
    st.builds("f = f.diagonal(0, {}, {})".format, axis, axis),
    st.builds("f = f.{}(dim={}{})".format, st.sampled_from(("sum", "mean", "amax")), axes, keep),
    st.builds("f = f.{}({}{}).values".format, st.sampled_from(("max", "median")), axis, keep),
    st.builds("f = f.max({})[0]".format, axis),
    st.builds("f = f.{}({})".format, st.sampled_from(("cumsum", "softmax", "argsort")), axis),
    st.builds("f = f.sort({}).values".format, axis),
    st.builds("f = f.diff(dim={})".format, axis),
    st.builds(
        "f = torch.cat([f, f.{}], dim={})".format, st.sampled_from(("clone()", "flip(-1)", "flip(0)")), axis
    ),
    st.builds("f = torch.stack([f, f.{}], {})".format, st.sampled_from(("clone()", "flip(-1)")), axis),
    st.sampled_from(
        (
            "f = f * 2.0 + 1",
            "f = f + torch.ones(2, 1, 1, 1)",
            "f = f * torch.zeros(4, 8)",
            "f = f + f.flip(-1)",
            "f = f - f.clone()",
            "f = torch.where(torch.arange(8) > 3, f, 0.0)",
            "f = f @ torch.ones(f.shape[-1], 2, dtype=torch.float64)",
            "f = torch.ones(2, f.shape[-2], dtype=torch.float64) @ f",
            "f = torch.einsum('abc->cab', f)",
            "f = torch.einsum('abc->ab', f)",
            "f = torch.einsum('ab,ab->ba', f, f)",
            "f = f[f.shape[0] - 1 :]",
            "f.add_(f.roll(3, -1))",
            "f.mul_(2.0)",
            "f[..., 3] = f[..., 4]",
            "f[..., 2:4] = f[..., 5:7]",
            "f = f.numpy() if hasattr(f, 'numpy') else f",
            "f = np.asarray(f)",
            "f = np.moveaxis(np.asarray(f), -1, 0)",
            "f = np.transpose(np.asarray(f), (1, 0))",
            "f = np.asarray(f).transpose(0, 1)",
            "f = np.take(np.asarray(f), 3, axis=-1)",
            "f = np.split(np.asarray(f), 2, axis=-1)[0]",
            "f = np.asarray(f).repeat(2, 1)",
            "f = torch.as_tensor(np.asarray(f))",
            "f = list(f)[-1]",
            "f = [row for row in f][0]",
            "f, *_ = f",
            "*_, f = f",
            "for f in f: pass",
        )
    ),
)
program = st.lists(st.one_of(view, index), min_size=1, max_size=4)


@settings(max_examples=400, suppress_health_check=[HealthCheck.filter_too_much])
@given(program)
def test_what_depends_on_the_label_is_never_called_clean(lines: list[str]) -> None:
    if depends(lines):
        assert verdict_of(lines) is not Verdict.CLEAN


@given(column=column, order=order, rows=st.sampled_from((":", "2", "None, 1:3")))
@settings(max_examples=40)
def test_a_permuted_frame_leaks_exactly_when_the_label_is_picked(
    column: int, order: tuple[int, ...], rows: str
) -> None:
    back = tuple(order.index(place) for place in range(3))
    lines = [f"f = f.permute({order}).permute({back})[{rows}, ..., {column}]"]
    assert (verdict_of(lines) is Verdict.LEAK) is depends(lines)
    assert (verdict_of(lines) is Verdict.CLEAN) is not depends(lines)


@given(start=bound, stop=bound, step=st.none() | st.integers(1, 3))
@settings(max_examples=40)
def test_a_slice_leaks_exactly_when_it_holds_the_label(
    start: int | None, stop: int | None, step: int | None
) -> None:
    lines = [f"f = f[..., slice({start}, {stop}, {step})].sum()"]
    assert (verdict_of(lines) is Verdict.LEAK) is depends(lines)
