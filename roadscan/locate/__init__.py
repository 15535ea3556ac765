"""Frames and boxes located on the road network: pure functions over the records."""
