"""The event store in PostgreSQL: tables, statements, connections, and the store itself."""
