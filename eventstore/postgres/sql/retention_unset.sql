-- Keep payloads of a stream or a category for ever again.
DELETE FROM eventstore.retention_policies WHERE kind = $1 AND name = $2
RETURNING days
