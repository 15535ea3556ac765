"""What the service hands out after OGC standards: features, tiles, their documents."""
