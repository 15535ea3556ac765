"""The files that pages load: our own modules, and the map library from where pip put it."""

from importlib.util import find_spec
from pathlib import Path
from typing import Final

from fastapi import APIRouter, HTTPException
from fastapi.responses import FileResponse

OWN: Final = Path(__file__).parent.parent / "static"
MAPLIBRE: Final = ("maplibre-gl.js", "maplibre-gl.css")
TYPES: Final = {".js": "text/javascript", ".css": "text/css"}


def static_router() -> APIRouter:
    """Return the routes under /static; a browser asks again each time and is told "unchanged"."""
    router = APIRouter(prefix="/static", include_in_schema=False)
    files = {path.name: path for path in OWN.iterdir() if path.suffix in TYPES}
    files |= {f"vendor/{name}": _maplibre() / name for name in MAPLIBRE}

    @router.get("/{name:path}")
    def file(name: str) -> FileResponse:
        if name not in files:
            raise HTTPException(404, "there is no such file")
        path = files[name]
        headers = {"Cache-Control": "no-cache"}
        return FileResponse(path, headers=headers, media_type=TYPES[path.suffix])

    return router


def _maplibre() -> Path:
    """Return the folder of the browser library inside the package `maplibre`, not imported."""
    spec = find_spec("maplibre")
    if spec is None or spec.origin is None:
        raise ModuleNotFoundError("the map page needs maplibre", name="maplibre")
    return Path(spec.origin).parent / "srcjs"
