"""The runtime layer on the corpus, on random compositions of views, and on our own strategies."""

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor

from benchmarks.guard.cases import cases
from benchmarks.guard.watched import Watched
from blocks.errors import DivergenceError, LabelLeakError
from sim.guarding.rehearsal import rehearse
from sim.guarding.watching import watching
from sim.networks.rate_law import RateLaw
from sim.reaction.table import TabulatedReaction
from sim.strategies import Strategy, catalog
from sim.training.data import Reaction
from sim.training.rollout import rollout
from sim.training.slots import resolve
from sim.training.trainer import train_cohort
from tests.sim.reaction.test_table import bent_model, stoichiometry
from tests.sim.training.test_fast_paths import cohort
from tests.sim.training.tiny import silent, slot, tiny_data


@pytest.fixture(scope="module")
def watched(tmp_path_factory: pytest.TempPathFactory) -> Watched:
    return Watched(tmp_path_factory.mktemp("watched"))


@pytest.mark.parametrize("family", ["direct", "container"])
def test_leaks_are_stopped_at_a_line_of_the_users_file(family: str, watched: Watched) -> None:
    within = []
    for case in cases(leaks=True):
        if case.family != family:
            continue
        error, source = watched.error(case), case.source
        assert isinstance(error, LabelLeakError), case.name
        found = re.search(r"at theirs\.py:(\d+) ", str(error))
        assert found, case.name
        first = source[: source.index(case.snippet.strip())].count("\n") + 1
        within.append(first <= int(found[1]) <= first + case.snippet.strip().count("\n"))
    # A slice that holds other columns as well is no use of the label yet: what sums it up is named.
    assert sum(within) >= 0.8 * len(within)


def test_the_error_names_the_expression_that_picked_the_label(tmp_path: Path) -> None:
    file = tmp_path / "my_strategy.py"
    file.write_text("def loss(x):\n    weights = x[:, -2].exp()\n    return weights.mean()\n")
    names: dict[str, Any] = {}
    exec(compile(file.read_text(), str(file), "exec"), names)
    with watching() as watch:
        x = torch.rand(5, 8, dtype=torch.float64)
        watch.guard(x)
        loss = names["loss"](x)
        with pytest.raises(LabelLeakError) as caught:
            watch.refuse(loss, "puts it into the loss")
    assert str(caught.value) == (
        "The label column must not be read while training, but `x[:, -2]` at my_strategy.py:2 puts it into "
        "the loss (column 6 of 8, the metabolite type). Use `batch.data.concentration`, or compute this in "
        "an evaluation metric, where labels are open."
    )


def test_a_label_that_hides_in_a_gradient_is_found() -> None:
    class Sly(torch.autograd.Function):
        @staticmethod
        def forward(ctx: Any, value: Tensor, frames: Tensor) -> Tensor:
            ctx.save_for_backward(frames)
            return value.clone()

        @staticmethod
        def backward(ctx: Any, *pull: Tensor) -> tuple[Tensor, None]:
            (frames,) = ctx.saved_tensors
            return pull[0] * frames[0, :, 6].mean(), None

    class Hidden(catalog()["residual"]):  # type: ignore[misc]
        name = "residual"

        def loss(self, batch: Any) -> Tensor:
            return Sly.apply(super().loss(batch), batch.data.frames)  # type: ignore[no-any-return, no-untyped-call]

    data, reaction = tiny_data()
    with pytest.raises(LabelLeakError, match=re.escape("`frames[0, :, 6]` at test_watching.py:")):
        rehearse(resolve(slot("residual"), {"residual": Hidden}), data, reaction, n_frames=400)


@pytest.mark.parametrize("way", ["response", "rate", "rollout", "embedding"])
def test_a_label_does_not_slip_out_through_a_kernel(way: str) -> None:
    """Kernels compute outside of torch, where no mode follows them."""
    data, _ = tiny_data()
    node = cohort(metabolites=5, skip=True)
    table = TabulatedReaction(bent_model()[0], stoichiometry(RateLaw.MASS_ACTION), dtype=torch.float64)
    frames = torch.rand(2, 3, 5, 8, dtype=torch.float64)

    def use(column: int) -> None:
        value = frames[..., column]
        if way == "rate":
            table.rate(value)
        elif way == "rollout":
            rollout(node.bound(), table, start=value, steps=2, dt=data.dt)
        elif way == "embedding":
            node.parameters["embedding"] = value[:, :2].mT.clone()
            node.bound()(frames[..., 3])
        else:
            node.bound()(value)

    with watching() as watch:
        watch.guard(frames)
        use(3)
        with pytest.raises(LabelLeakError, match=r"at test_watching\.py:"):
            use(6)


def test_our_own_strategies_use_no_label_while_they_are_watched() -> None:
    data, reaction = tiny_data()
    names = [name for name in catalog() if name != "joint_refinement"]
    rehearse(resolve(slot(*names)), data, reaction, n_frames=400)


def test_a_strategy_that_waits_is_watched_at_its_work_as_well() -> None:
    class Late(Strategy):
        name, summary, reference = "late", "waits", "none"

        def loss(self, batch: Any) -> Tensor | None:
            return None if batch.progress < 0.5 else batch.frames[..., 6].mean(dim=(1, 2))

    data, reaction = tiny_data()
    known = {**catalog(), "late": Late}
    with pytest.raises(LabelLeakError, match=re.escape("`batch.frames[..., 6]` at test_watching.py:")):
        rehearse(resolve(slot("rollout", "late"), known), data, reaction, n_frames=400)


def test_a_loss_that_is_not_one_value_per_replicate_is_refused_while_it_is_watched() -> None:
    class Mixing(Strategy):
        name, summary, reference = "mixing", "takes a mean over all replicates", "none"

        def loss(self, batch: Any) -> Tensor | None:
            return batch.response(batch.windows[0]).square().mean()

    known = {**catalog(), "mixing": Mixing}
    with pytest.raises(TypeError, match=r"one value per replicate, shape \(\d,\), but gave shape \(\)"):
        rehearse(resolve(slot("rollout", "mixing"), known), *tiny_data(), n_frames=400)


def test_a_divergence_by_a_label_is_told_from_another_one_by_its_replay() -> None:
    class Moment(Strategy):
        name, summary, reference = "moment", "uses the label once, when nobody rehearses", "none"

        def loss(self, batch: Any) -> Tensor | None:
            column = 6 if 0.2 < batch.progress < 0.3 else 3
            return batch.frames[..., column].mean(dim=(1, 2))

    slot_, known = slot("rollout", "moment", data_augmentation_loop=8), {**catalog(), "moment": Moment}
    data, reaction = tiny_data()
    rehearse(resolve(slot_, known), data, reaction, n_frames=400)
    data, reaction = tiny_data()
    with pytest.raises(DivergenceError) as caught:
        train_cohort(resolve(slot_, known), data, reaction, silent, n_frames=400)
    assert caught.value.frames_read
    data, reaction = tiny_data()
    with pytest.raises(LabelLeakError, match=re.escape("`batch.frames[..., column]` at test_watching.py:")):
        rehearse(resolve(slot_, known), data, reaction, n_frames=400, steps=caught.value.step)


def test_a_divergence_without_frames_raises_no_suspicion() -> None:
    data, _ = tiny_data()
    with pytest.raises(DivergenceError) as caught:
        train_cohort(resolve(slot("rollout")), data, Exploding(), silent, n_frames=400)
    assert not caught.value.frames_read


class Exploding(Reaction):
    """Grows beyond all numbers."""

    def rate(self, concentration: Tensor) -> Tensor:
        return 1e200 * concentration.square()


Step = Callable[[Tensor], Tensor]


@st.composite
def steps(draw: st.DrawFn, shape: tuple[int, ...]) -> Step:
    """One operation that a tensor of that shape admits."""
    axis = draw(st.integers(0, len(shape) - 1))
    other = draw(st.integers(0, len(shape) - 1))
    size = shape[axis]
    places = draw(st.lists(st.integers(-size, size - 1), min_size=1, max_size=4))
    begin = draw(st.integers(0, size - 1))
    length, step = draw(st.integers(1, size - begin)), draw(st.integers(1, 3))
    cut = [slice(None)] * len(shape)
    cut[axis] = slice(begin, begin + length, step)
    return draw(
        st.sampled_from(
            [
                lambda t: t.transpose(axis, other),
                lambda t: t.flip(axis),
                lambda t: t.roll(begin, axis),
                lambda t: t[tuple(cut)],
                lambda t: t.narrow(axis, begin, length),
                lambda t: t.index_select(axis, torch.tensor(places) % size),
                lambda t: t.movedim(axis, 0)[places],
                lambda t: t.select(axis, begin) if t.ndim > 1 else t,
                lambda t: t.unsqueeze(axis),
                lambda t: t.flatten(min(axis, other), max(axis, other)),
                lambda t: t.reshape(-1),
                lambda t: t.clone().float().double(),
                lambda t: torch.cat([t, t.flip(axis)], dim=axis),
                lambda t: torch.stack([t, 2 * t], dim=axis),
                lambda t: t.diagonal(dim1=axis, dim2=other) if axis != other and t.ndim > 2 else t,
                lambda t: t.unfold(axis, length, 1),
                lambda t: t.chunk(2, axis)[-1],
                lambda t: t.repeat_interleave(2, axis),
                lambda t: t.expand(2, *t.shape),
                lambda t: t + 2 * t.flip(axis),
                lambda t: t.sum(axis) if t.ndim > 1 else t,
                lambda t: t.amax(axis, keepdim=True),
                lambda t: t.cumsum(axis),
                lambda t: t.new_ones(3, size) @ t.movedim(axis, 0).reshape(size, -1),
                lambda t: overwritten(t, axis, begin),
            ]
        )
    )


def overwritten(tensor: Tensor, axis: int, place: int) -> Tensor:
    """A copy in which one slice was replaced by its neighbour."""
    tensor = tensor.clone()
    tensor.select(axis, place).copy_(tensor.select(axis, place - 1))
    return tensor


@settings(max_examples=60)
@given(data=st.data())
def test_marks_are_where_a_result_depends_on_the_label(data: st.DataObject) -> None:
    plain, labels, others = frames(), frames(), frames()
    labels[..., 6] += 10
    others[..., [0, 1, 2, 3, 4, 5, 7]] += 20
    chosen: list[Step] = []
    for _ in range(data.draw(st.integers(1, 5))):
        step = data.draw(steps(tuple(plain.shape)))
        if (after := step(plain)).numel() > 3000:
            break
        chosen.append(step)
        plain, labels, others = after, step(labels), step(others)
        if bool(((plain != labels) & (plain != others)).any()):
            break  # the last step makes a number of labels and of other columns: it is a use, or marked
    result = frames()
    try:
        with watching() as watch:
            watch.guard(result)
            for step in chosen:
                result = step(result)
    except LabelLeakError:
        assert bool(((plain != labels) & (plain != others)).any())
    else:
        assert torch.equal(watch.shadows.mask(result), plain != labels)


def frames() -> Tensor:
    """Three frames of four metabolites, all numbers different."""
    generator = torch.Generator().manual_seed(1)
    return torch.rand(3, 4, 8, generator=generator, dtype=torch.float64)
