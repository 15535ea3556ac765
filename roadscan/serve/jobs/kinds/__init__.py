"""The kinds of jobs, one module each: its request, its steps, its workflow and its routes.

The names of steps and events, and their order, are stored with each job: changed, they would end
the jobs that are under way when a town is updated.
"""
