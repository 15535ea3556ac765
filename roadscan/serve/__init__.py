"""The service: uploads, layers and pages of a town, over the same store as the command line."""
