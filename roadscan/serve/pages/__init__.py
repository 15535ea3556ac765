"""The web pages: a frame made here, filled by small modules in the browser."""
