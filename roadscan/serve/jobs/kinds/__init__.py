"""The kinds of jobs, one module each: its request, its steps, its workflow and its routes."""
