"""Files in: videos, tracks, networks, camera files, schemes."""
