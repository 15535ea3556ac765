"""Titles, descriptions and page texts of the layers, in English and German."""

from typing import Final

LANGUAGES: Final = ("en", "de")

COLLECTIONS: Final[dict[str, dict[str, tuple[str, str]]]] = {
    "segments": {
        "en": (
            "Segments",
            "Every segment of the road network with its score, or why it has none: "
            "20 m in towns, 100 m outside, a line in the middle of the lane, as driven.",
        ),
        "de": (
            "Abschnitte",
            "Jeder Abschnitt des Straßennetzes mit seiner Note, oder warum er keine hat: "
            "20 m innerorts, 100 m außerorts, eine Linie in der Mitte der Spur in Fahrtrichtung.",
        ),
    },
    "damages": {
        "en": ("Damages", "Every damage that was seen, as the part of the lane that it takes up."),
        "de": ("Schäden", "Jeder gesehene Schaden als der Teil der Spur, den er einnimmt."),
    },
    "drives": {
        "en": ("Drives", "The path of every drive; stretches without a track are left out."),
        "de": ("Fahrten", "Der Weg jeder Fahrt; Strecken ohne Ortung sind ausgelassen."),
    },
    "cells": {
        "en": (
            "Cells",
            "The cells that the scores are counted from: rows of 1 m, three strips of the lane, "
            "with how often each was seen and how often damage was seen in it.",
        ),
        "de": (
            "Rasterfelder",
            "Die Felder, aus denen die Noten gezählt sind: Reihen von 1 m, drei Streifen der "
            "Spur, und wie oft jedes gesehen wurde und wie oft mit Schaden.",
        ),
    },
}

TEXTS: Final[dict[str, dict[str, str]]] = {
    "en": {
        "title": "Road condition: layers for GIS",
        "about": "Road condition from dash-cam drives, as OGC API - Features.",
        "collections": "Layers",
        "collection": "Layer",
        "items": "Features",
        "item": "Feature",
        "conformance": "Conformance",
        "queryables": "What can be asked for",
        "schema": "The features' properties and their types",
        "tiles": "Vector tiles",
        "api": "API description",
        "definition": "The definition as JSON",
        "survey": "Survey",
        "scheme": "Scheme",
        "features": "features",
        "of": "of",
        "next": "Next page",
        "download": "Download all",
        "extent": "Extent",
        "time": "Time",
        "field": "Field",
        "meaning": "Meaning",
        "type": "Type",
        "value": "Value",
        "geometry": "Geometry",
        "geometry_meaning": "Where it is",
        "language": "Deutsch",
        "nothing": "Nothing has been assessed yet.",
        "operation": "Operation",
        "parameters": "Parameters",
        "privacy": "Data protection",
        "accessibility": "Accessibility",
        "gis": "Address for QGIS (Layer, Add layer, WFS / OGC API - Features)",
    },
    "de": {
        "title": "Straßenzustand: Layer für GIS",
        "about": "Straßenzustand aus Dashcam-Fahrten, als OGC API - Features.",
        "collections": "Layer",
        "collection": "Layer",
        "items": "Objekte",
        "item": "Objekt",
        "conformance": "Konformität",
        "queryables": "Wonach gefragt werden kann",
        "schema": "Die Eigenschaften der Objekte und ihre Typen",
        "tiles": "Vektorkacheln",
        "api": "Beschreibung der Schnittstelle",
        "definition": "Die Definition als JSON",
        "survey": "Befahrung",
        "scheme": "Bewertungsverfahren",
        "features": "Objekte",
        "of": "von",
        "next": "Nächste Seite",
        "download": "Alles herunterladen",
        "extent": "Ausdehnung",
        "time": "Zeit",
        "field": "Feld",
        "meaning": "Bedeutung",
        "type": "Typ",
        "value": "Wert",
        "geometry": "Geometrie",
        "geometry_meaning": "Wo es liegt",
        "language": "English",
        "nothing": "Es ist noch nichts bewertet.",
        "operation": "Operation",
        "parameters": "Parameter",
        "privacy": "Datenschutz",
        "accessibility": "Barrierefreiheit",
        "gis": "Adresse für QGIS (Layer, Layer hinzufügen, WFS / OGC API - Features)",
    },
}
