"""Evaluation code, where labels are open: metrics and pictures that are computed after training has ended.

These are whole modules, not hints. Checked in the role of evaluation they are clean; the same text checked as
training code is refused. The role is given by whoever asks, never by the text itself.
"""

METRICS = {
    "accuracy of clusters": """
import numpy as np


def accuracy(frames, clusters):
    types = frames[0, :, 6]
    return float(np.mean(types == clusters))
""",
    "slope by type": """
from sim.dataset import LABEL


def slopes(batch, slope):
    types = batch.frames[..., LABEL]
    return [slope[types == kind].mean() for kind in types.unique()]
""",
    "against the seal": """
from sim.seal import load_seal


def recovery(seal, slope):
    truth = load_seal(seal)
    return [float(slope[truth.types == kind].mean() / -truth.decay[kind]) for kind in set(truth.types)]
""",
    "true parameters": """
import numpy as np


def errors(path, k):
    return np.log10(k) - np.log10(np.load(path)["rate_constants"])
""",
    "a picture in colours of the types": """
import matplotlib.pyplot as plt


def draw(batch, embedding, path):
    plt.scatter(*embedding.T, c=batch.frames[0, 0, :, 6])
    plt.savefig(path)
""",
    "a table": """
from sim.dataset import Observations


def table(observations: Observations):
    frame = observations.frames[0]
    return {i: row[6] for i, row in enumerate(frame.tolist())}
""",
}
