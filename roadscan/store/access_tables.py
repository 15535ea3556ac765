"""The tables of accounts, sessions, keys and the record of what was done."""

from sqlalchemy import Boolean, Column, Float, Integer, String, Table, Text

from roadscan.store.tables import metadata

accounts = Table(
    "accounts",
    metadata,
    Column("account_id", String, primary_key=True),
    Column("name", Text, nullable=False),
    Column("name_key", Text, nullable=False, unique=True),
    Column("role", String, nullable=False),
    Column("active", Boolean, nullable=False),
    Column("password_hash", Text),
    Column("created_s", Float, nullable=False),
)

sessions = Table(
    "sessions",
    metadata,
    Column("token_sha256", String, primary_key=True),
    Column("account_id", String, nullable=False, index=True),
    Column("expires_s", Float, nullable=False),
)

api_keys = Table(
    "api_keys",
    metadata,
    Column("key_id", String, primary_key=True),
    Column("account_id", String, nullable=False, index=True),
    Column("label", Text, nullable=False),
    Column("role", String, nullable=False),
    Column("secret_sha256", String, nullable=False, unique=True),
    Column("created_s", Float, nullable=False),
    Column("expires_s", Float, nullable=False),
    Column("revoked", Boolean, nullable=False),
)

invitations = Table(
    "invitations",
    metadata,
    Column("token_sha256", String, primary_key=True),
    Column("role", String, nullable=False),
    Column("expires_s", Float, nullable=False),
)

outside_logins = Table(
    "outside_logins",
    metadata,
    Column("issuer", Text, primary_key=True),
    Column("subject", Text, primary_key=True),
    Column("account_id", String, nullable=False, unique=True),
)

login_failures = Table(
    "login_failures",
    metadata,
    Column("number", Integer, primary_key=True, autoincrement=True),
    Column("at_s", Float, nullable=False, index=True),
    Column("name_key", Text, nullable=False),
    Column("address", Text, nullable=False),
)

audit = Table(
    "audit",
    metadata,
    Column("number", Integer, primary_key=True, autoincrement=True),
    Column("at_s", Float, nullable=False),
    Column("who", Text, nullable=False),
    Column("action", String, nullable=False),
    Column("subject", Text, nullable=False),
)
