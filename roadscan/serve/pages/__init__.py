"""The web pages: templates rendered here, filled by small modules in the browser."""
