"""From a dash-cam drive and its GNSS track to road condition per segment."""

from importlib.metadata import version

__version__ = version("roadscan")
