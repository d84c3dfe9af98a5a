-- Keep the key of a subject, unless it is known; the answer is what is kept then, null if it was
-- forgotten. The update changes nothing: it makes the row that is there come back, and waits for one
-- that another transaction is just adding.
INSERT INTO eventstore.subject_keys AS kept (subject, wrapped_key)
VALUES ($1, $2)
ON CONFLICT (subject) DO UPDATE SET wrapped_key = kept.wrapped_key
RETURNING wrapped_key
