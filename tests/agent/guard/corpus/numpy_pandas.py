"""The frame leaves torch first: as an array, a list, a buffer, an iterator or a table."""

from tests.agent.guard.corpus.writing import hint

_TABLE = "import pandas as pd\n\nNAMES = ['i', 'u', 'v', 'c', 'in', 'e', 'type', 'g']"

LEAKS = {
    "numpy()": hint("return batch.frames.numpy()[..., 6]"),
    "np.asarray": hint("return np.asarray(batch.frames)[..., 6]"),
    "np.array": hint("return np.array(batch.data.frames)[:, :, 6].copy()"),
    "detach, cpu, numpy": hint("return batch.frames.detach().cpu().numpy()[..., -2]"),
    "from numpy and back": hint("return torch.from_numpy(batch.frames.numpy())[..., 6]"),
    "torch.tensor of an array": hint("return torch.tensor(np.asarray(batch.frames))[..., 6]"),
    "np.take": hint("return np.take(batch.frames.numpy(), 6, axis=-1)"),
    "np.take_along_axis": hint(
        "f = batch.data.frames.numpy()\nreturn np.take_along_axis(f, np.array([[[6]]]), axis=2)"
    ),
    "np.compress": hint("return np.compress(np.arange(8) == 6, batch.frames.numpy(), axis=-1)"),
    "np.delete": hint("return np.delete(batch.frames.numpy(), [3, 4], axis=-1)[..., 4]"),
    "np.moveaxis": hint("return np.moveaxis(batch.frames.numpy(), -1, 0)[6]"),
    "np.rollaxis": hint("return np.rollaxis(batch.data.frames.numpy(), 2)[6]"),
    "np.transpose": hint("return np.transpose(batch.data.frames.numpy(), (2, 0, 1))[6]"),
    "an array's transpose": hint("return batch.data.frames.numpy().transpose(2, 1, 0)[6]"),
    "an array's T": hint("return batch.data.frames.numpy().T[6]"),
    "np.split": hint("return np.split(batch.frames.numpy(), 8, axis=-1)[6]"),
    "np.array_split": hint("return np.array_split(batch.frames.numpy(), [6, 7], axis=-1)[1]"),
    "np.dsplit": hint("return np.dsplit(batch.data.frames.numpy(), 8)[6]"),
    "np.rot90": hint("return np.rot90(batch.data.frames.numpy()[0])[1]"),
    "np.einsum": hint("return np.einsum('fmc,c->fm', batch.data.frames.numpy(), np.eye(8)[6])"),
    "np.dot with a one-hot": hint("return np.dot(batch.data.frames.numpy(), np.eye(8)[6])"),
    "np.where": hint("return np.where(np.arange(8) == 6, batch.frames.numpy(), 0.0)"),
    "np.apply_along_axis": hint(
        "return np.apply_along_axis(lambda row: row[6], -1, batch.data.frames.numpy())"
    ),
    "np.nditer": hint("return [float(v) for v in np.nditer(batch.data.frames.numpy()[0])]"),
    "np.ndenumerate": hint(
        "return [v for at, v in np.ndenumerate(batch.data.frames.numpy()[0]) if at[1] == 6]"
    ),
    "flat": hint("return batch.data.frames.numpy().flat[6::8]"),
    "np.ravel": hint("return np.ravel(batch.data.frames.numpy())[6::8]"),
    "a structured view": hint(
        "f = np.ascontiguousarray(batch.data.frames.numpy()[0])\n"
        "return f.view([(name, float) for name in 'iuvcnetg'])['t']"
    ),
    "np.frombuffer": hint("return np.frombuffer(batch.data.frames.numpy().tobytes())[6::8]"),
    "memoryview": hint("return list(memoryview(batch.data.frames.numpy()).cast('B').cast('d')[6::8])"),
    "as_strided": hint(
        "f = batch.data.frames.numpy()[0]\n"
        "return np.lib.stride_tricks.as_strided(f[:, 5:], (len(f), 2), (64, 8))[:, 1]"
    ),
    "sliding windows": hint(
        "return np.lib.stride_tricks.sliding_window_view(batch.data.frames.numpy(), 2, axis=-1)[..., 6, 0]"
    ),
    "tolist": hint("return [row[6] for row in batch.data.frames[0].tolist()]"),
    "nested lists": hint("return [[row[-2] for row in frame] for frame in batch.data.frames.tolist()]"),
    "item": hint("return [batch.data.frames[0, i, 6].item() for i in range(9)]"),
    "array item": hint("return [batch.data.frames.numpy().item(0, i, 6) for i in range(9)]"),
    "struct": hint(
        "raw = batch.data.frames.numpy()[0].tobytes()\nreturn [v[6] for v in struct.iter_unpack('8d', raw)]",
        before="import struct",
    ),
    "dlpack": hint("return torch.from_dlpack(batch.frames)[..., 6]"),
    "np.unique": hint("return np.unique(batch.data.frames.numpy()[0], axis=0)[:, 6]"),
    "np.savetxt to a text": hint(
        "text = io.StringIO()\nnp.savetxt(text, batch.data.frames.numpy()[0])\n"
        "return [float(line.split()[6]) for line in text.getvalue().splitlines()]",
        before="import io",
    ),
    "a data frame": hint("return pd.DataFrame(batch.data.frames[0].numpy())[6].to_numpy()", before=_TABLE),
    "a named data frame": hint(
        "return pd.DataFrame(batch.data.frames[0].numpy(), columns=NAMES)['type'].to_numpy()", before=_TABLE
    ),
    "an attribute of a data frame": hint(
        "return pd.DataFrame(batch.data.frames[0].numpy(), columns=NAMES).type.to_numpy()", before=_TABLE
    ),
    "iloc": hint("return pd.DataFrame(batch.data.frames[0].numpy()).iloc[:, 6].to_numpy()", before=_TABLE),
    "a group": hint(
        "return pd.DataFrame(batch.data.frames[0].numpy()).groupby(6)[3].mean().to_numpy()", before=_TABLE
    ),
}

CLEAN = {
    "numpy(), column 3": hint("return batch.frames.numpy()[..., 3]"),
    "np.asarray, column 3": hint("return np.asarray(batch.frames)[..., 3]"),
    "np.take, column 3": hint("return np.take(batch.frames.numpy(), 3, axis=-1)"),
    "np.moveaxis, column 3": hint("return np.moveaxis(batch.frames.numpy(), -1, 0)[3]"),
    "an array's T, column 3": hint("return batch.data.frames.numpy().T[3]"),
    "tolist, column 3": hint("return [row[3] for row in batch.data.frames[0].tolist()]"),
    "lists of concentrations": hint("return [row[6] for row in batch.data.concentration.tolist()]"),
    "np.split, column 3": hint("return np.split(batch.frames.numpy(), 8, axis=-1)[3]"),
    "from numpy and back, column 3": hint("return torch.from_numpy(batch.frames.numpy())[..., 3]"),
    "arrays joined whole": hint(
        "f = batch.data.frames.numpy()\nreturn np.concatenate([f, f], axis=0)[..., 3]"
    ),
    "a cast of the array": hint("return batch.frames.numpy().astype(np.float32)[..., 3].astype(float)"),
    "np.dot of concentrations": hint("c = batch.data.concentration.numpy()\nreturn np.dot(c.T, c)[6]"),
    "np.quantile of concentrations": hint(
        "return np.quantile(batch.data.concentration.numpy(), 0.6, axis=0)"
    ),
    "shapes of arrays": hint("return np.shape(batch.frames.numpy())[-1] + np.ndim(batch.frames.numpy())"),
    "np.where on column 3": hint("c = batch.frames.numpy()[..., 3]\nreturn np.where(c > 2, c, 0.0)"),
}
