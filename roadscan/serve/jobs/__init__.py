"""Long-running work as durable workflows: interrupted jobs continue on another worker.

`kinds` has one module for each kind of job; `scheduler` submits the jobs that the store's state
requires.
"""
