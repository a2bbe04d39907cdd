"""The label is mixed into sums, norms, products and orders over the columns."""

# ruff: noqa: E501 - a snippet stands in one string, however long

from tests.agent.guard.corpus.writing import hint

LEAKS = {
    "a sum over columns": hint("return batch.frames.sum(-1)"),
    "a sum over columns by name": hint("return batch.frames.sum(dim=3)"),
    "torch.sum over columns": hint("return torch.sum(batch.data.frames, dim=2)"),
    "a sum over two axes": hint("return batch.data.frames.sum(dim=(0, 2))"),
    "a mean over columns": hint("return batch.frames.mean(-1)"),
    "a mean of some columns": hint("return batch.frames[..., 4:].mean(-1)"),
    "a sum over everything but one": hint("f = batch.frames\nreturn f.sum(-1) - f[..., 3]"),
    "a kept axis": hint("return batch.frames.sum(-1, keepdim=True)"),
    "a sum over everything": hint(
        "weight = torch.arange(len(batch.data.frames[0]))[:, None]\nreturn (batch.data.frames * weight).sum()"
    ),
    "the largest of the last columns": hint("return batch.frames[..., 4:].amax(-1)"),
    "the largest of two": hint("return batch.frames[..., 5:7].max(dim=-1).values"),
    "torch.max with a zero": hint("return torch.maximum(batch.frames[..., 4:], torch.zeros(4))"),
    "a norm": hint("return batch.frames.norm(dim=-1)"),
    "linalg.norm": hint("return torch.linalg.norm(batch.frames, dim=-1)"),
    "a variance over columns": hint("return batch.frames.var(-1)"),
    "a standard deviation": hint("return torch.std(batch.frames, dim=-1)"),
    "a product": hint("return (1 + batch.frames[..., 4:]).prod(-1)"),
    "a cumulative sum": hint("return batch.frames.cumsum(-1)[..., 7]"),
    "a difference": hint("return batch.frames.diff(dim=-1)"),
    "a softmax": hint("return torch.softmax(batch.frames, -1)"),
    "logsumexp": hint("return batch.frames.logsumexp(-1)"),
    "an order of columns": hint("return batch.frames[..., 5:].argsort(dim=-1, stable=True)"),
    "sorted columns": hint("return batch.frames.sort(dim=-1).values"),
    "topk": hint("return batch.frames[..., 4:].topk(1, dim=-1).values"),
    "any": hint("return (batch.frames[..., 4:] > 0).any(-1)"),
    "a count of nonzero columns": hint("return batch.frames.count_nonzero(dim=-1)"),
    "a distance between rows": hint("f = batch.data.frames[0]\nreturn torch.cdist(f, f)"),
    "a Gram matrix": hint("f = batch.data.frames[0]\nreturn f @ f.T"),
    "a Gram matrix by einsum": hint("f = batch.data.frames[0]\nreturn torch.einsum('ic,jc->ij', f, f)"),
    "an einsum that drops columns": hint("return torch.einsum('fmc->fm', batch.data.frames)"),
    "an einsum with a trail of dots": hint("return torch.einsum('...c->...', batch.frames)"),
    "a tensordot": hint(
        "f = batch.data.frames[0]\nreturn torch.tensordot(f, torch.ones(8, dtype=torch.float64), dims=1)"
    ),
    "an outer product": hint(
        "f = batch.data.frames[0]\nreturn [torch.outer(f[i], f[i])[6, 0] + torch.outer(f[i], f[i])[6, 3] for i in range(9)]"
    ),
    "a cosine": hint(
        "f = batch.data.frames[0]\nreturn torch.nn.functional.cosine_similarity(f[:, None], f[None], dim=-1)"
    ),
    "singular values": hint("return torch.linalg.svdvals(batch.data.frames[0])"),
    "correlations": hint("return torch.corrcoef(batch.data.frames[0, :, [3, 6]].T)"),
    "a covariance": hint("return torch.cov(batch.data.frames[0].T)"),
    "a layer norm": hint("return torch.nn.functional.layer_norm(batch.frames, (8,))"),
    "normalised rows": hint("return torch.nn.functional.normalize(batch.frames, dim=-1)"),
    "a mean square error of frames": hint(
        "f = batch.data.frames\nweight = torch.arange(f.shape[1])[:, None] * f\nreturn torch.nn.functional.mse_loss(weight, f)"
    ),
    "a linear module": hint(
        "layer = torch.nn.Linear(8, 1, dtype=torch.float64)\ntorch.nn.init.ones_(layer.weight)\n"
        "torch.nn.init.zeros_(layer.bias)\nreturn layer(batch.frames).detach()"
    ),
    "a sum of Python": hint("return [sum(row) for row in batch.data.frames[0].tolist()]"),
    "max of Python": hint("return [max(row[4:]) for row in batch.data.frames[0].tolist()]"),
    "math.fsum": hint(
        "return [math.fsum(row) for row in batch.data.frames[0].tolist()]", before="import math"
    ),
    "np.sum": hint("return np.sum(batch.frames.numpy(), axis=-1)"),
    "np.cumsum": hint("return np.cumsum(batch.frames.numpy(), axis=-1)[..., 6]"),
    "ufunc reduce": hint("return np.add.reduce(batch.frames.numpy(), axis=-1)"),
    "np.linalg.lstsq": hint(
        "f = batch.data.frames[0].numpy()\nreturn np.linalg.lstsq(f[:, [3, 6]], np.ones(len(f)), rcond=None)[0]"
    ),
    "a hash of the bytes": hint(
        "return zlib.crc32(batch.data.frames[0].numpy().tobytes()) / 1e9", before="import zlib"
    ),
    "a text of the frame": hint(
        "return [float(word) for word in str(batch.data.frames[0, :9, 6:].tolist()).strip('[]').replace('[', '').replace(']', '').split(',')]"
    ),
    "equal frames": hint(
        "f = batch.data.frames[0]\nreturn [torch.equal(f[i, 4:], f[j, 4:]) for i in range(6) for j in range(i)]"
    ),
}

CLEAN = {
    "a sum over frames": hint("return batch.data.frames.sum(0)[:, 3]"),
    "a mean over time": hint("return batch.data.frames.mean(dim=0)[..., 3]"),
    "a sum over columns before": hint("return batch.frames[..., :6].sum(-1)"),
    "a norm of the position": hint("return batch.frames[..., 1:3].norm(dim=-1)"),
    "a sum of concentrations": hint("return batch.frames[..., 3].sum(-1)"),
    "a sum over everything of column 3": hint("return batch.data.frames[..., 3].sum()"),
    "a variance over metabolites": hint("return batch.data.frames.var(dim=1)[..., 3]"),
    "the largest over time": hint("return batch.data.frames.amax(0)[:, 3]"),
    "a cumulative sum over time": hint("return batch.data.frames.cumsum(0)[..., 3]"),
    "a difference over time": hint("return batch.data.frames.diff(dim=0)[..., 3]"),
    "quantiles of the concentration": hint("return batch.data.frames[..., 3].quantile(0.5, dim=0)"),
    "sorted concentrations": hint("return batch.data.frames[..., 3].sort(dim=0).values"),
    "a Gram matrix of concentrations": hint("c = batch.data.frames[..., 3]\nreturn c @ c.T"),
    "a product over metabolites": hint(
        "w = torch.ones(1, batch.frames.shape[2], dtype=torch.float64)\nreturn (w @ batch.frames)[..., 3]"
    ),
    "scaled whole": hint("return (batch.frames * 2.0 + 1.0)[..., 3]"),
    "a comparison, column 3": hint("return (batch.frames > 1)[..., 3]"),
    "a mean of Python": hint("return [sum(row) / len(row) for row in batch.data.concentration.tolist()]"),
}
