"""The plots of docs/performance.md."""

from __future__ import annotations

from pathlib import Path

import matplotlib

matplotlib.use("Agg")

from matplotlib import pyplot

from bench.figures import Curves

SIZE_INCHES = (7.2, 3.4)


def draw(curves: Curves, folder: Path) -> Path:
    """Draw a plot as SVG, the same bytes for the same points, and return its file."""
    matplotlib.rcParams.update({"svg.hashsalt": "scrimbox", "font.size": 9})
    figure, axes = pyplot.subplots(figsize=SIZE_INCHES, layout="constrained")
    for name, points in curves.lines.items():
        if curves.shares:
            axes.ecdf([y for _, y in points], label=name)
        else:
            xs, ys = zip(*points, strict=True)
            axes.plot(xs, ys, label=name, marker="o" if len(points) < 30 else None, markersize=3)
    if curves.logarithmic:
        axes.set_xscale("log")
    if not curves.shares:
        axes.set_ylim(bottom=0)
    axes.set(title=curves.title, xlabel=curves.x, ylabel=curves.y)
    axes.grid(alpha=0.3)
    axes.legend()
    folder.mkdir(parents=True, exist_ok=True)
    file = folder / f"{curves.name}.svg"
    figure.savefig(file, metadata={"Date": None})
    pyplot.close(figure)
    return file
