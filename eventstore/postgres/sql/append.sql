-- Append events to a stream, if it is where the caller expects it (see the migrations).
SELECT outcome, last_version, last_position, reused
FROM eventstore.append($1, $2, $3, $4, $5, $6, $7, $8)
