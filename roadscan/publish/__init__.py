"""Layers, styles and pictures of the results: exports of the store."""
