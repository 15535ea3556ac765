"""Styles of the layers: colours from the scheme and styles.toml, written as QGIS styles."""

import tomllib
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Final
from xml.etree.ElementTree import Element, SubElement, tostring

from roadscan.assess.scheme import Scheme

QGIS_VERSION = "3.28"


@dataclass(frozen=True, slots=True)
class KindStyle:
    """Style of the damages of one indicator."""

    indicator: str
    colour: str
    marker: str


@dataclass(frozen=True, slots=True)
class Palette:
    """Colours that do not depend on the scheme, as "#rrggbb"."""

    not_assessed: str
    drive: str
    paper: str
    other_kind: str
    kinds: tuple[KindStyle, ...]


@cache
def palette() -> Palette:
    """Return the contents of styles.toml."""
    read = tomllib.loads(files(__package__).joinpath("styles.toml").read_text("utf-8"))
    kinds = tuple(KindStyle(name, k["colour"], k["marker"]) for name, k in read["kinds"].items())
    return Palette(read["not_assessed"], read["drive"], read["paper"], read["other_kind"], kinds)


@dataclass(frozen=True, slots=True)
class _Rule:
    """A rule of a QGIS renderer: an expression, a label, the layers of its symbol."""

    where: str
    label: str
    symbol: tuple[Element, ...]


UNSURE: Final = {
    "no_damage_seen": "no damage seen",
    "little_damage_seen": "little damage seen",
}
"""What is said instead of the best class where the model would not have seen what contradicts it;
drawn thin, in that class's colour."""


def qgis_styles(scheme: Scheme) -> dict[str, str]:
    """Return the QGIS style (QML) of each layer by its name."""
    return {
        "segments": _qml("line", _segment_rules(scheme)),
        "damages": _qml("fill", _kind_rules(scheme)),
        "drives": _qml("line", [_Rule("", "Driven", (_line(palette().drive, 0.3, "dot"),))]),
        "cells": _qml("fill", _cell_rules()),
    }


def _segment_rules(scheme: Scheme) -> list[_Rule]:
    scored = [
        _Rule(_of_class(c.number), f"{c.number} {c.label}", (_line(c.colour, 1.4),))
        for c in reversed(scheme.classes)
    ]
    best = scheme.classes[0].colour
    scored += [
        _Rule(f"\"finding\" = '{name}'", words, (_line(best, 0.6),))
        for name, words in UNSURE.items()
    ]
    grey = palette().not_assessed
    none = _Rule('"score" IS NULL', "not assessed", (_line(grey, 0.25), _hatch(grey)))
    return [*scored, none]


def _of_class(number: int) -> str:
    """Return the filter of a class as far as it may be named; older results name it always."""
    named = "".join(f" AND coalesce(\"finding\", '') <> '{name}'" for name in UNSURE)
    return f'"condition_class" = {number}' + (named if number == 1 else "")


def _kind_rules(scheme: Scheme) -> list[_Rule]:
    rules = []
    for style in palette().kinds:
        own = [kind for kind, rule in scheme.kinds.items() if rule.indicator == style.indicator]
        for kind in own:
            name = kind.replace("'", "''")
            where, label = f"\"kind\" = '{name}'", f"{kind} {scheme.kinds[kind].label}"
            rules.append(_Rule(where, label, (_fill(style.colour, "no", 0.4), _marker(style))))
    return rules


def _cell_rules() -> list[_Rule]:
    hit = [
        _Rule(f'"{style.indicator}"', style.indicator, (_fill(style.colour, "solid", 0.1),))
        for style in palette().kinds
    ]
    return [*hit, _Rule("ELSE", "seen", (_fill(palette().not_assessed, "no", 0.1),))]


def _qml(kind: str, rules: Sequence[_Rule]) -> str:
    root = Element("qgis", version=QGIS_VERSION, styleCategories="Symbology")
    renderer = SubElement(
        root, "renderer-v2", type="RuleRenderer", symbollevels="0", enableorderby="0"
    )
    tree = SubElement(renderer, "rules", key="{root}")
    symbols = SubElement(renderer, "symbols")
    for number, rule in enumerate(rules):
        element = SubElement(
            tree, "rule", key=f"{{{number}}}", symbol=str(number), label=rule.label
        )
        if rule.where:
            element.set("filter", rule.where)
        symbol = _symbol(kind, str(number), rule.symbol)
        symbols.append(symbol)
    header = "<!DOCTYPE qgis PUBLIC 'http://mrcc.com/qgis.dtd' 'SYSTEM'>\n"
    return header + tostring(root, encoding="unicode") + "\n"


def _symbol(kind: str, name: str, layers: Sequence[Element]) -> Element:
    symbol = Element("symbol", type=kind, name=name, alpha="1", clip_to_extent="1", force_rhr="0")
    for number, layer in enumerate(layers):
        for inner in layer.iter("symbol"):
            inner.set("name", f"@{name}@{number}")
        symbol.append(layer)
    return symbol


def _line(colour: str, width_mm: float, style: str = "solid") -> Element:
    return _symbol_layer(
        "SimpleLine",
        line_color=_rgba(colour),
        line_width=str(width_mm),
        line_width_unit="MM",
        line_style=style,
        capstyle="flat",
        joinstyle="round",
    )


def _hatch(colour: str) -> Element:
    """Return short strokes across a line."""
    layer = _symbol_layer(
        "HashLine",
        hash_angle="45",
        hash_length="1.8",
        hash_length_unit="MM",
        interval="1.2",
        interval_unit="MM",
        placements="Interval",
        rotate="1",
    )
    layer.append(_symbol("line", "", (_line(colour, 0.3),)))
    return layer


def _fill(colour: str, style: str, outline_mm: float) -> Element:
    return _symbol_layer(
        "SimpleFill",
        color=_rgba(colour),
        style=style,
        outline_color=_rgba(colour),
        outline_width=str(outline_mm),
        outline_width_unit="MM",
        outline_style="solid",
    )


def _marker(style: KindStyle) -> Element:
    """Return a marker at the centre: damages are too small to see on the map of a town."""
    layer = _symbol_layer("CentroidFill", point_on_surface="1")
    mark = _symbol_layer(
        "SimpleMarker",
        name=style.marker,
        color=_rgba(style.colour),
        outline_color=_rgba(palette().paper),
        outline_width="0.2",
        outline_width_unit="MM",
        size="2",
        size_unit="MM",
    )
    layer.append(_symbol("marker", "", (mark,)))
    return layer


def _symbol_layer(kind: str, **settings: str) -> Element:
    layer = Element("layer", {"class": kind, "enabled": "1", "locked": "0", "pass": "0"})
    options = SubElement(layer, "Option", type="Map")
    for name, value in settings.items():
        SubElement(options, "Option", type="QString", name=name, value=value)
    return layer


def _rgba(colour: str) -> str:
    red, green, blue = bytes.fromhex(colour.removeprefix("#"))
    return f"{red},{green},{blue},255"
