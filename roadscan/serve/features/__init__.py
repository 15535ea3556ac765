"""The layers for GIS programs: OGC API - Features, parts 1 to 3."""
