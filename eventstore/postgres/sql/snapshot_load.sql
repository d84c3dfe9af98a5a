-- The snapshot of a stream, of a kind and a schema version; no row if there is none.
SELECT version, position, state
FROM eventstore.snapshots
WHERE stream = $1 AND kind = $2 AND schema_version = $3
