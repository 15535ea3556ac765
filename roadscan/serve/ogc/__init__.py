"""OGC API - Features and Tiles: the layers for GIS programs and maps."""
