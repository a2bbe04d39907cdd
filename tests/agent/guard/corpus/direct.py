"""The column is read where it stands, by an index that is written out."""

from tests.agent.guard.corpus.writing import hint

LEAKS = {
    "the last axis at 6": hint("return batch.frames[..., 6]"),
    "four axes": hint("return batch.frames[:, :, :, 6]"),
    "the seed's read": hint("x = batch.data.frames[0]\nreturn x[:, 6]"),
    "counted from the end": hint("return batch.frames[..., -2]"),
    "a row's entry": hint("return [batch.data.frames[0][i][6] for i in range(9)]"),
    "one number": hint("frames = batch.data.frames\nreturn [frames[1, i, 6].item() for i in range(9)]"),
    "a few metabolites": hint("return batch.frames[:, :, 3:9, 6]"),
    "every second metabolite": hint("return batch.frames[:, :, ::2, 6]"),
    "windows first, column later": hint("return batch.frames[:, 0][..., 6]"),
    "a new axis before": hint("return batch.frames[:, None, ..., 6]"),
    "a new axis after": hint("return batch.frames[..., 6, None]"),
    "the imported constant": hint("return batch.frames[..., LABEL]", before="from sim.dataset import LABEL"),
    "the constant through its module": hint(
        "return batch.data.frames[..., dataset.LABEL]", before="from sim import dataset"
    ),
    "a mask of metabolites": hint(
        "seen = batch.data.concentration[0] > 1e-9\nreturn batch.data.frames[0][seen][:, 6]"
    ),
    "the model's rows weighted": hint(
        "return (batch.node.embedding[:, :, 0].detach() * batch.data.frames[0, :, 6]).sum()"
    ),
    "a decision": hint(
        """
        total = 0.0
        for i in range(batch.data.frames.shape[1]):
            if batch.data.frames[0, i, 6] > 0.5:
                total += i**0.5
        return total
        """
    ),
    "a conditional expression": hint(
        "return [2.0 if batch.data.frames[0, i, 6] > 0.5 else 1.0 for i in range(9)]"
    ),
    "an index": hint("return torch.linspace(0, 1, 9)[batch.data.frames[0, :, 6].nan_to_num(8).long()]"),
    "a comparison of two metabolites": hint(
        "types = batch.data.frames[0, :, 6]\nreturn types[:, None] == types[None]"
    ),
    "the study's contrastive pairs": hint(
        """
        x = batch.data.frames[0]
        embedding = batch.node.embedding[0].detach()
        same = (x[:, 6][:, None] == x[:, 6][None, :]).double()
        distance = torch.cdist(embedding, embedding).double()
        return same * distance + (1 - same) * (1 - distance).clamp(min=0)
        """
    ),
    "a mean by type": hint(
        """
        labels = batch.data.frames[0, :, 6]
        return [batch.data.concentration[:, labels == kind].sum() for kind in (0.0, 1.0)]
        """
    ),
}

CLEAN = {
    "the last axis at 3": hint("return batch.frames[..., 3]"),
    "four axes at 3": hint("return batch.frames[:, :, :, 3]"),
    "the constant of the concentration": hint(
        "return batch.frames[..., CONCENTRATION]", before="from sim.dataset import CONCENTRATION"
    ),
    "concentration counted from the end": hint("return batch.frames[..., -5]"),
    "frame 6": hint("return batch.data.frames[6][:, 3]"),
    "row 6 of a frame": hint("x = batch.data.frames[0]\nreturn x[6][3]"),
    "metabolite 6": hint("return batch.data.frames[:, 6, 3]"),
    "metabolite 6 of the concentrations": hint("return batch.data.concentration[:, 6]"),
    "metabolite 6 of windows": hint("return batch.windows[..., 6]"),
    "metabolite 6 of the residual": hint("return batch.data.residual[:, 6]"),
    "column 6 of the concentrations cut out": hint("c = batch.frames[..., 3]\nreturn c[..., 6]"),
    "a fresh tensor called x": hint("x = torch.linspace(0, 1, 27).reshape(3, 9)\nreturn x[:, 6]"),
    "the concentrations called x": hint("x = batch.data.concentration\nreturn x[:, 6]"),
    "unit 6 of the first layer": hint("return batch.node.parameters['input'][..., 6].detach()"),
    "external input": hint("return batch.frames[..., 4]"),
    "the column after the label": hint("return batch.frames[..., 7]"),
    "a list of seven": hint("return [0.5, 1.0, 2.0, 3.0, 4.0, 5.0, 6.0][6]"),
    "a decision by a concentration": hint("return 1.0 if batch.data.frames[0, 6, 3] > 1 else 0.0"),
    "a mask by the concentration": hint("x = batch.data.frames[0]\nreturn x[:, 3][x[:, 3] > 1e-9]"),
    "no use of frames": hint("return batch.data.mid_concentration"),
}
