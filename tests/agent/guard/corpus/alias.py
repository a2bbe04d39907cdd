"""The frame, or the column's number, goes by other names first."""

from tests.agent.guard.corpus.writing import hint

LEAKS = {
    "another name": hint("f = batch.frames\ny = f\nreturn y[..., 6]"),
    "the batch by another name": hint("b = batch\nreturn b.frames[..., 6]"),
    "the data by another name": hint("d = batch.data\nreturn d.frames[..., 6]"),
    "a name of concentrations": hint("concentration = batch.frames\nreturn concentration[..., 6]"),
    "a constant of the module": hint("return batch.frames[..., LAST_BUT_ONE]", before="LAST_BUT_ONE = -2"),
    "a misleading constant": hint("return batch.frames[..., CONCENTRATION]", before="CONCENTRATION = 6"),
    "a local that hides an import": hint(
        "CONCENTRATION = LABEL\nreturn batch.frames[..., CONCENTRATION]",
        before="from sim.dataset import CONCENTRATION, LABEL",
    ),
    "an import by another name": hint(
        "return batch.frames[..., CONCENTRATION]", before="from sim.dataset import LABEL as CONCENTRATION"
    ),
    "a walrus": hint("if (f := batch.frames) is not None:\n    return f[..., 6]"),
    "a pair": hint("f, k = batch.frames, 6\nreturn f[..., k]"),
    "a pair that is swapped": hint(
        "f, g = batch.data.concentration, batch.data.frames\nf, g = g, f\nreturn f[..., 6]"
    ),
    "a nested pair": hint("(a, (f, b)), c = (1, (batch.frames, 2)), 3\nreturn f[..., 6]"),
    "a star": hint("first, *rest = batch.data, batch.frames, 6\nreturn rest[0][..., rest[1]]"),
    "two targets": hint("f = g = batch.frames\nreturn g[..., 6]"),
    "an annotated name": hint("f: object = batch.frames\nreturn f[..., 6]"),
    "a loop variable": hint("for f in (batch.frames,):\n    g = f\nreturn g[..., 6]"),
    "a with target": hint(
        "with nullcontext(batch.frames) as f:\n    return f[..., 6]",
        before="from contextlib import nullcontext",
    ),
    "a pattern": hint("match batch:\n    case object(frames=f):\n        return f[..., 6]"),
    "a sequence pattern": hint("match [batch.frames, 6]:\n    case [f, k]:\n        return f[..., k]"),
    "a branch": hint("k = 3\nif batch.progress >= 0:\n    k = 6\nreturn batch.frames[..., k]"),
    "an exception's path": hint(
        """
        try:
            k = 6
            assert batch.progress < -1
        except AssertionError:
            pass
        return batch.frames[..., k]
        """
    ),
    "an augmented name": hint("k = 3\nk += 3\nreturn batch.frames[..., k]"),
    "a method that was looked up": hint("pick = batch.frames.select\nreturn pick(-1, 6)"),
    "a deleted name": hint("f = batch.frames\ng = f\ndel f\nreturn g[..., 6]"),
    "x is taken last": hint("x = batch.data.concentration\nx = batch.data.frames\nreturn x[..., 6]"),
}

CLEAN = {
    "another name, column 3": hint("f = batch.frames\ny = f\nreturn y[..., 3]"),
    "frames that hold concentrations": hint("frames = batch.data.concentration\nreturn frames[..., 6]"),
    "a frame that was replaced": hint("f = batch.frames\nf = batch.data.concentration\nreturn f[..., 6]"),
    "a label that is a list": hint("label = [1.0, 2.0, 3.0]\nreturn label[0] + label[-1]"),
    "a constant called LABEL": hint("return batch.frames[..., LABEL]", before="LABEL = 3"),
    "a swap back": hint("f, g = batch.data.frames, batch.data.concentration\nf, g = g, f\nreturn f[..., 6]"),
    "a star without the frame": hint("first, *rest = batch.frames, 1.0, 6.0\nreturn rest"),
    "both branches clean": hint("k = 3\nif batch.progress >= 0:\n    k = 4\nreturn batch.frames[..., k]"),
    "an index that is lowered": hint("k = 6\nk -= 3\nreturn batch.frames[..., k]"),
    "a pattern, column 3": hint("match batch:\n    case object(frames=f):\n        return f[..., 3]"),
}
