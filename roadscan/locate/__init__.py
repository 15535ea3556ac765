"""Locate frames and boxes on the road network: pure functions over the records."""
