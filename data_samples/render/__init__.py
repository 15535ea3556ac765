"""Draws roads with known damage as a dash-cam would see them; numpy and OpenCV only."""
