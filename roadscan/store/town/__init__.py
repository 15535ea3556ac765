"""The accounts, files, networks and workers of a town."""
