"""The features that are served: written by editions, read by selections."""
