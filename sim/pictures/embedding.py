"""The embeddings of one replicate in the plane: coloured by group, shaped by the cluster they form.

More than two coordinates are turned so that the plane shows most of their spread (principal components).
"""

from typing import NamedTuple

import numpy as np
from jaxtyping import Float, Float64
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from numpy import ndarray

from sim.pictures.groups import Groups, cluster_name
from sim.pictures.style import MARKERS, MUTED, blank, finish


class Plane(NamedTuple):
    """Where each metabolite is drawn, and what the axes are."""

    place: Float64[ndarray, "metabolite 2"]
    axes: tuple[str, str]
    flat: bool
    """Whether both axes are coordinates of the embedding, with one scale."""


def plane_of(embedding: Float[ndarray, "metabolite coordinate"]) -> Plane:
    """The first two coordinates; two principal components of more; one coordinate over the index.

    Args:
        embedding: Finite embeddings of one replicate.
    """
    points = embedding.astype(np.float64)
    count = points.shape[1]
    if count == 1:
        index = np.arange(len(points), dtype=np.float64)
        return Plane(np.column_stack([index, points[:, 0]]), ("metabolite", "$a_i$ (no unit)"), False)
    if count == 2:
        return Plane(points, ("$a_{i,1}$ (no unit)", "$a_{i,2}$ (no unit)"), True)
    centred = points - points.mean(axis=0)
    _, size, directions = np.linalg.svd(centred, full_matrices=False)
    # A direction has no sign of its own: the largest part points up, on every machine.
    signs = np.sign(directions[np.arange(len(directions)), np.abs(directions).argmax(axis=1)])
    share = size**2 / max(float((size**2).sum()), np.finfo(float).tiny)
    names = tuple(f"component {axis + 1} ({share[axis]:.0%} of the variance)" for axis in range(2))
    return Plane(centred @ (directions * signs[:, None])[:2].T, (names[0], names[1]), True)


def draw_embedding(
    embedding: Float[ndarray, "metabolite coordinate"], *, groups: Groups, which: str
) -> Figure:
    """Scatter of the embeddings.

    Args:
        embedding: Finite embeddings of the replicate.
        groups: Colours, clusters and, where the truth is known, ARI.
        which: What the picture says of the replicate.
    """
    figure, axes = blank()
    plane = plane_of(embedding)
    for group, colour in enumerate(groups.colours):
        for cluster in np.unique(groups.cluster):
            members = groups.members(group) & (groups.cluster == cluster)
            if members.any():
                axes.scatter(
                    plane.place[members, 0],
                    plane.place[members, 1],
                    s=34,
                    color=colour,
                    marker=MARKERS[cluster % len(MARKERS)],
                    alpha=0.75,
                    edgecolors="white",
                    linewidths=0.5,
                    zorder=3,
                    label=f"{groups.names[group]}, {cluster_name(int(cluster))}",
                )
    if plane.flat:
        axes.set_aspect("equal", adjustable="datalim")
    axes.margins(0.08)
    axes.set_xlabel(plane.axes[0])
    axes.set_ylabel(plane.axes[1])
    axes.ticklabel_format(style="plain", useOffset=False)
    n_clusters = len(np.unique(groups.cluster))
    found = f"{n_clusters} cluster{'s' if n_clusters > 1 else ''} found without labels"
    score = "" if groups.ari is None else f", ARI {groups.ari:.2f}"
    return finish(
        figure,
        axes,
        title=f"Embeddings: {found}{score}",
        below=which,
        handles=_legend(groups),
        height=3.3,
    )


def _legend(groups: Groups) -> list[Line2D]:
    by_type = groups.label is not groups.cluster
    handles = []
    for group, colour in enumerate(groups.colours):
        marker = "o" if by_type else MARKERS[group % len(MARKERS)]
        if groups.members(group).any():
            handles.append(
                Line2D([], [], color=colour, marker=marker, linestyle="", label=groups.described(group))
            )
    if by_type:
        for cluster in np.unique(groups.cluster):
            size = int((groups.cluster == cluster).sum())
            handles.append(
                Line2D(
                    [],
                    [],
                    color=MUTED,
                    marker=MARKERS[cluster % len(MARKERS)],
                    linestyle="",
                    markerfacecolor="none",
                    label=f"{cluster_name(int(cluster))} ({size})",
                )
            )
    return handles
