"""Input files: videos, tracks, networks, camera files, schemes."""
