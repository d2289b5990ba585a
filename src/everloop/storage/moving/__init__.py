"""Everything that is in a SQLite database, moved into PostgreSQL."""
