"""Long work as durable workflows: what a kill interrupts goes on elsewhere.

`kinds` has one module for each kind of job; `scheduler` submits what the store's state requires.
"""
