-- Destroy the key of a subject, known or not, for ever; says whether there was one.
WITH before AS (
    SELECT wrapped_key FROM eventstore.subject_keys WHERE subject = $1 FOR UPDATE
), forgotten AS (
    INSERT INTO eventstore.subject_keys AS kept (subject, wrapped_key, forgotten_at)
    VALUES ($1, NULL, clock_timestamp())
    ON CONFLICT (subject) DO UPDATE
    SET wrapped_key = NULL, forgotten_at = coalesce(kept.forgotten_at, excluded.forgotten_at)
)
SELECT EXISTS (SELECT FROM before WHERE wrapped_key IS NOT NULL) AS had_key
