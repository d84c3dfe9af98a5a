-- Decide many appends at once (see the migrations).
SELECT outcomes, last_versions, last_positions, reused
FROM eventstore.append_batch($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14)
