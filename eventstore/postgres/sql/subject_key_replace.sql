-- Replace the wrapped key of a subject if it is still this one.
UPDATE eventstore.subject_keys
SET wrapped_key = $3
WHERE subject = $1 AND wrapped_key = $2
RETURNING subject
