-- Append one event to a stream, if it is where the caller expects it (see the migrations).
SELECT outcome, last_version, last_position, reused
FROM eventstore.append_one($1, $2, $3, $4, $5, $6, $7, $8)
