"""Draw the overview map, map.png."""

from pathlib import Path
from typing import Any

import geopandas
import numpy as np
import shapely
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.collections import LineCollection
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from roadscan.model.arrays import Floats
from roadscan.model.score import STATEMENT
from roadscan.publish.layer_frames import Results
from roadscan.publish.network_drawing import scale_bar
from roadscan.publish.styles import UNSURE, palette

WIDTH_IN, HEIGHT_IN, DPI = 11.0, 8.0, 150
NAME_PT = 14.0
"""Distance of a street's name from its line, clear of both lanes."""
MARKERS = {"triangle": "^", "square": "s", "circle": "o"}
"""Matplotlib's names of the markers in styles.toml."""


def write_map_picture(
    path: Path,
    results: Results,
    segments: geopandas.GeoDataFrame,
    damages: geopandas.GeoDataFrame,
    drives: geopandas.GeoDataFrame,
) -> None:
    """Draw segments in the colours of their class, dashed grey if not assessed, and damages."""
    figure = Figure(figsize=(WIDTH_IN, HEIGHT_IN), dpi=DPI, facecolor=palette().paper)
    FigureCanvasAgg(figure)
    axes = figure.add_axes((0.01, 0.07, 0.98, 0.86))
    axes.set_aspect("equal")
    axes.set_axis_off()
    handles = [
        *_draw_segments(axes, segments, results),
        *_draw_damages(axes, damages, results),
        _draw_drives(axes, drives),
    ]
    axes.autoscale_view()
    _draw_names(axes, segments)
    _draw_scale_bar(axes)
    axes.legend(handles=handles, loc="upper left", fontsize=8, framealpha=0.95)
    scored = int(segments["score"].notna().sum())
    survey = results.survey.name
    figure.text(0.015, 0.955, f"{survey}: road surface condition", fontsize=14, weight="bold")
    figure.text(
        0.015,
        0.02,
        f"{STATEMENT}. {scored} of {len(segments)} segments assessed by "
        f"{results.survey.model_name}.\nScheme {results.scheme.id}, version "
        f"{results.scheme.version}. EPSG:{results.network.crs_epsg}, north is up.",
        fontsize=7.5,
        color="#333333",
    )
    figure.savefig(path, format="png", metadata={"Software": None})


def _draw_segments(axes: Axes, segments: geopandas.GeoDataFrame, results: Results) -> list[Line2D]:
    grey = palette().not_assessed
    handles = []
    unscored = segments[segments["score"].isna()]
    _add_lines(axes, unscored, color=grey, linewidths=4.0, linestyles=[(0, (0.35, 0.5))])
    for c in results.scheme.classes:
        own = segments[
            (segments["condition_class"] == c.number) & ~segments["finding"].isin(list(UNSURE))
        ]
        _add_lines(axes, own, color=c.colour, linewidths=4.0)
        label = f"{c.number} {c.label}: {len(own)}"
        handles.append(Line2D([], [], color=c.colour, linewidth=4.0, label=label))
    best = results.scheme.classes[0].colour
    for name, words in UNSURE.items():
        own = segments[segments["finding"] == name]
        if len(own):
            _add_lines(axes, own, color=best, linewidths=1.6)
            label = f"{words}: {len(own)}"
            handles.append(Line2D([], [], color=best, linewidth=1.6, label=label))
    label = f"not assessed: {len(unscored)}"
    handles.append(
        Line2D([], [], color=grey, linewidth=4.0, linestyle=(0, (0.35, 0.5)), label=label)
    )
    return handles


def _add_lines(axes: Axes, layer: geopandas.GeoDataFrame, **style: Any) -> None:
    lines = [shapely.get_coordinates(line) for line in layer.geometry]
    axes.add_collection(LineCollection(lines, capstyle="butt", **style))


def _draw_damages(axes: Axes, damages: geopandas.GeoDataFrame, results: Results) -> list[Line2D]:
    handles = []
    for style in palette().kinds:
        kinds = {k for k, rule in results.scheme.kinds.items() if rule.indicator == style.indicator}
        own = damages[damages["kind"].isin(kinds)]
        middle = shapely.get_coordinates(own.geometry.centroid.to_numpy())
        marker: dict[str, Any] = {
            "marker": MARKERS[style.marker],
            "color": style.colour,
            "markeredgecolor": palette().paper,
            "markeredgewidth": 0.5,
            "linestyle": "none",
        }
        axes.plot(*middle.T, markersize=5.0, **marker)
        labels = sorted({results.scheme.kinds[kind].label.lower() for kind in own["kind"]})
        if labels:
            handles.append(Line2D([], [], label=f"{', '.join(labels)}: {len(own)}", **marker))
    return handles


def _draw_drives(axes: Axes, drives: geopandas.GeoDataFrame) -> Line2D:
    colour = palette().drive
    lines = [shapely.get_coordinates(line) for drive in drives.geometry for line in drive.geoms]
    axes.add_collection(LineCollection(lines, color=colour, linewidths=0.6, linestyles=":"))
    return Line2D([], [], color=colour, linewidth=0.6, linestyle=":", label="driven")


def _draw_names(axes: Axes, segments: geopandas.GeoDataFrame) -> None:
    """Write each street's name once, at its longest link."""
    named = segments[segments["street"].notna() & (segments["direction"] == "forward")]
    for street, own in named.groupby("street"):
        link_id = own.groupby("link_id")["length_m"].sum().idxmax()
        lines = own[own["link_id"] == link_id].geometry.to_numpy()
        here = shapely.get_coordinates(lines[len(lines) // 2])
        beside = _beside(here[-1] - here[0])
        axes.annotate(
            street,
            here.mean(axis=0),
            xytext=(NAME_PT * beside[0], NAME_PT * beside[1]),
            textcoords="offset points",
            ha="left" if beside[0] > 0.5 else "right" if beside[0] < -0.5 else "center",
            va="bottom" if beside[1] > 0.5 else "center",
            fontsize=8,
            bbox={"facecolor": palette().paper, "edgecolor": "none", "alpha": 0.75, "pad": 1.0},
        )


def _beside(along: Floats) -> Floats:
    """Return the unit vector away from a street: upwards, or rightwards if it is steep."""
    across: Floats = np.array([-along[1], along[0]]) / max(np.hypot(*along), 1e-9)
    is_steep = abs(across[0]) > 0.9
    return across * (-1.0 if (across[0] if is_steep else across[1]) < 0.0 else 1.0)


def _draw_scale_bar(axes: Axes) -> None:
    (west, east), (south, north) = axes.get_xlim(), axes.get_ylim()
    bar = scale_bar((east - west) / 6)
    x_m, y_m = east - 1.15 * bar.length_m, south + 0.01 * (north - south)
    axes.plot([x_m, x_m + bar.length_m], [y_m, y_m], color="#333333", linewidth=2.0)
    axes.annotate(
        bar.label,
        (x_m + bar.length_m / 2, y_m),
        xytext=(0, 4),
        textcoords="offset points",
        ha="center",
        fontsize=8,
    )
