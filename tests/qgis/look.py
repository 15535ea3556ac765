"""Run by the system's python3 with PyQGIS: what QGIS makes of our layers, as JSON on stdout.

Takes a GeoPackage of `roadscan run`, one that the service handed out, the address of its OGC API, a
key for it, and a folder for pictures.
"""

import json
import sys
from pathlib import Path

from qgis.core import (
    Qgis,
    QgsApplication,
    QgsCoordinateReferenceSystem,
    QgsMapRendererParallelJob,
    QgsMapSettings,
    QgsProject,
    QgsVectorLayer,
)
from qgis.PyQt.QtCore import QSize

SIZE_PX = 900
MARGIN = 1.1


def look(layer):
    """Describe a layer, and where its style comes from."""
    found = layer.listStylesInDatabase()[0]
    renderer = layer.renderer()  # None where there is no geometry, or no layer
    rules = getattr(renderer, "rootRule", lambda: None)()
    return {
        "valid": layer.isValid(),
        "count": layer.featureCount(),
        "read": sum(1 for _ in layer.getFeatures()),
        "crs": layer.crs().authid(),
        "fields": [field.name() for field in layer.fields()],
        "renderer": renderer.type() if renderer else "",
        "styles": found,
        "rules": [rule.label() for rule in rules.children()] if rules else [],
    }


def render(layers, path):
    """Draw layers, the first on top, in EPSG:25833; return how many pixels each colour has."""
    crs = QgsCoordinateReferenceSystem("EPSG:25833")
    settings = QgsMapSettings()
    settings.setLayers(layers)
    settings.setDestinationCrs(crs)
    settings.setOutputSize(QSize(SIZE_PX, SIZE_PX))
    extent = settings.layerExtentToOutputExtent(layers[-1], layers[-1].extent())
    extent.scale(MARGIN)
    settings.setExtent(extent)
    job = QgsMapRendererParallelJob(settings)
    job.start()
    job.waitForFinished()
    image = job.renderedImage()
    image.save(str(path))
    counts = {}
    for y in range(image.height()):
        for x in range(image.width()):
            name = image.pixelColor(x, y).name()
            counts[name] = counts.get(name, 0) + 1
    return counts


def files(geopackage):
    """Return the layers of a GeoPackage, with the style that QGIS finds in it."""
    names = ("segments", "damages", "drives", "cells")
    layers = [QgsVectorLayer(f"{geopackage}|layername={name}", name, "ogr") for name in names]
    return {layer.name(): layer for layer in layers if layer.isValid()}


def live(address, key):
    """Return the segments of a service, as somebody adds them by hand."""
    source = f"url='{address}' typename='segments' username='any' password='{key}'"
    return QgsVectorLayer(source, "live", "OAPIF")


def main(exported, served, address, key, folder):
    """Look at everything and tell it."""
    application = QgsApplication([], GUIenabled=False)
    application.initQgis()
    QgsProject.instance()
    out = Path(folder)
    written, taken = files(exported), files(served)
    shown = live(address, key)
    told = {
        "version": Qgis.QGIS_VERSION,
        "exported": {name: look(layer) for name, layer in written.items()},
        "served": {name: look(layer) for name, layer in taken.items()},
        "live": look(shown),
        "refused": live(address, "rsk_wrong").isValid(),
        "exported_colours": render([written["damages"], written["segments"]], out / "exported.png"),
        "served_colours": render([taken["segments"]], out / "served.png"),
    }
    shown.setRenderer(taken["segments"].renderer().clone())
    told["live_colours"] = render([shown], out / "live.png")
    json.dump(told, sys.stdout)
    sys.stdout.flush()


main(*sys.argv[1:])
