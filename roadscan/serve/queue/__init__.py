"""Jobs and the queues in which they wait for a worker, built on DBOS."""
