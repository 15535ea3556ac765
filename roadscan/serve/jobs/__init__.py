"""Long work of the service as durable workflows: what a kill interrupts goes on elsewhere."""
