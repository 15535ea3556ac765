"""Authentication, accounts and API keys."""
