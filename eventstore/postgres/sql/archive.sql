-- Let go of the payloads that a file now holds (see the migrations).
SELECT eventstore.archive($1, $2, $3, $4, $5) AS events
