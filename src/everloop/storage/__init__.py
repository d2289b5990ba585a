"""Outward to databases: tables, queries per noun, the log writer, the feed of changes, migrations."""
