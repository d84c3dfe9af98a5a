-- Append one event to a stream, if it is where the caller expects it (see the migrations). The answer is
-- one row in one value: to call the function like a table would store it, and read it again.
SELECT eventstore.append_one($1, $2, $3, $4, $5, $6, $7, $8)
