"""The kinds of jobs, one module each: its request, its steps, its workflow and its routes.

The names and order of steps and events are stored with each job: changing them would end the jobs
that are under way when a town is updated.
"""
