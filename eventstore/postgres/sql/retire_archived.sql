-- Retire the events $1 of the archive from position $5; its file with the sha256 $6 has no place then.
SELECT eventstore.retire_archived($1, $2, $3, $4, $5, $6, $7, $8, $9) AS events
