"""Slices, steps, masks and lists that hold the column among others, and indices of indices."""

from tests.agent.guard.corpus.writing import hint

LEAKS = {
    "a slice of one": hint("return batch.frames[..., 6:7]"),
    "from 6 on": hint("return batch.frames[..., 6:]"),
    "from 4 on": hint("return batch.frames[..., 4:]"),
    "the last two": hint("return batch.frames[..., -2:]"),
    "a negative slice": hint("return batch.frames[..., -2:-1]"),
    "every second column": hint("return batch.frames[..., ::2]"),
    "every third column": hint("return batch.frames[..., ::3]"),
    "backwards": hint("return batch.frames.numpy()[..., ::-1][..., 1]"),
    "backwards by two": hint("return batch.data.frames.numpy()[..., 6::-3].copy()"),
    "a slice object": hint("return batch.frames[..., slice(6, None)]"),
    "a stored slice": hint("tail = slice(-2, None)\nreturn batch.frames[..., tail]"),
    "a slice of a slice": hint("return batch.frames[..., 2:][..., 4]"),
    "three slices": hint("return batch.data.frames[..., 1:][..., 1:][..., 4:5]"),
    "a step, then an index": hint("return batch.frames[..., ::2][..., 3]"),
    "all columns": hint("return batch.frames"),
    "all columns of a metabolite": hint("return batch.frames[:, :, 3:7]"),
    "a list of one": hint("return batch.frames[..., [6]]"),
    "a list of two": hint("return batch.frames[..., [3, 6]]"),
    "a list counted from the end": hint("return batch.frames[..., [-5, -2]]"),
    "a list, then an index": hint("return batch.frames[..., [0, 3, 6]][..., 2]"),
    "a tensor of columns": hint("return batch.frames[..., torch.tensor([3, 6])]"),
    "a mask by comparison": hint("return batch.frames[..., torch.arange(8) == 6]"),
    "a mask by a list": hint("return batch.frames[..., [False] * 6 + [True, False]]"),
    "a complement": hint("return batch.frames[..., ~(torch.arange(8) < 6)]"),
    "two lists": hint("return batch.data.frames[0][[2, 4, 5, 7], [6, 6, 6, 6]]"),
    "a grid of indices": hint("return batch.data.frames[0][torch.arange(9)[:, None], torch.tensor([[6]])]"),
    "a tuple of indices": hint("where = (slice(None), slice(None), 6)\nreturn batch.data.frames[where]"),
    "a tuple that is put together": hint("where = (..., *(6,))\nreturn batch.frames[where]"),
    "np.s_": hint("return batch.frames[np.s_[..., 6]]"),
    "__getitem__": hint("return batch.frames.__getitem__((..., 6))"),
    "operator.getitem": hint("return operator.getitem(batch.frames, (..., 6))", before="import operator"),
    "operator.itemgetter": hint(
        "return itemgetter((..., 6))(batch.frames)", before="from operator import itemgetter"
    ),
    "a slice that begins late": hint("return batch.frames[..., max(5, 2) : 7]"),
    "columns minus columns": hint("f = batch.frames\nreturn f[..., 1:] - f[..., :-1]"),
    "written over the concentration": hint(
        "f = batch.data.frames.clone()\nf[..., 3] = f[..., 6]\nreturn f[..., 3]"
    ),
    "written into a fresh tensor": hint(
        "held = torch.zeros(len(batch.data.frames[0]))\nheld[:] = batch.data.frames[0, :, 6]\nreturn held"
    ),
    "copied within the frame": hint(
        "f = batch.data.frames.clone()\nf[..., 3].copy_(f[..., 6])\nreturn f[..., 3]"
    ),
    "added in place": hint("f = batch.data.frames.clone()\nf[..., 3] += f[..., 6]\nreturn f[..., 3]"),
}

CLEAN = {
    "the columns before": hint("return batch.frames[..., :6]"),
    "the column after": hint("return batch.frames[..., 7:]"),
    "every second column from 1": hint("return batch.frames[..., 1::2]"),
    "every third column up to 6": hint("return batch.frames[..., :6:3]"),
    "a slice of the concentration": hint("return batch.frames[..., 3:4]"),
    "a slice of a slice, 3": hint("return batch.frames[..., 2:][..., 1]"),
    "a slice object, 3": hint("return batch.frames[..., slice(3, 4)]"),
    "a tail of the concentrations": hint("return batch.data.concentration[..., -2:]"),
    "a list without the label": hint("return batch.frames[..., [0, 3, 7]]"),
    "a list, then column 3": hint("return batch.frames[..., [0, 3, 6]][..., 1]"),
    "a list of metabolites": hint("return batch.data.frames[:, [2, 6]][..., 3]"),
    "a mask below 5": hint("return batch.frames[..., torch.arange(8) < 5]"),
    "a mask of all but the label": hint("return batch.frames[..., torch.arange(8) != 6]"),
    "two lists, 3": hint("return batch.data.frames[0][[2, 4, 6], [3, 3, 3]]"),
    "a tuple of indices, 3": hint("where = (..., 6, 3)\nreturn batch.data.frames[where]"),
    "np.s_, 3": hint("return batch.frames[np.s_[..., 3]]"),
    "windows of frames": hint("return batch.data.frames[2:6, :, 3]"),
    "the label overwritten": hint("f = batch.data.frames.clone()\nf[..., 6] = 0.0\nreturn f[..., 3]"),
    "a change of the concentration": hint("f = batch.data.frames\nreturn f[1:, :, 3] - f[:-1, :, 3]"),
    "a frame kept, column 3 doubled": hint("f = batch.data.frames.clone()\nf[..., 3] *= 2\nreturn f[..., 3]"),
}
