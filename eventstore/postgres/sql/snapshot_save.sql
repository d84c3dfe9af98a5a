-- Keep a snapshot, unless there is a later one, or one of a later schema version.
INSERT INTO eventstore.snapshots AS kept (stream, kind, schema_version, version, position, state)
VALUES ($1, $2, $3, $4, $5, $6)
ON CONFLICT (stream, kind) DO UPDATE
SET schema_version = excluded.schema_version,
    version = excluded.version,
    position = excluded.position,
    state = excluded.state,
    taken_at = excluded.taken_at
WHERE (kept.schema_version, kept.version) <= (excluded.schema_version, excluded.version)
