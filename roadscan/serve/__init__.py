"""The service: uploads, layers and pages for a town, over the same store as the command line."""
