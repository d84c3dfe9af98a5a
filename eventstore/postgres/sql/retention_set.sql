-- Keep payloads of a stream or a category for so many days.
INSERT INTO eventstore.retention_policies (kind, name, days)
VALUES ($1, $2, $3)
ON CONFLICT (kind, name) DO UPDATE SET days = excluded.days
