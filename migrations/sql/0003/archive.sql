-- Let go of the payloads of the oldest events that are not archived, up to `until`, which `file` now
-- holds. `leaves` is the sha256 of their leaves, computed from what was read back from that file: it
-- must be what the log holds, or nothing is done. Answers how many events it let go of.
CREATE FUNCTION eventstore.archive(
    until bigint, file text, bytes bigint, checksum bytea, leaves bytea
)
RETURNS bigint
LANGUAGE plpgsql VOLATILE SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
SET enable_seqscan = off
AS $function$
DECLARE
    first bigint;
    amount bigint;
    held bytea;
BEGIN
    -- One at a time, and none while events are being retired. Appends and reads go on.
    LOCK TABLE eventstore.retired IN SHARE ROW EXCLUSIVE MODE;
    first := coalesce((
        SELECT a.last_position FROM eventstore.archives AS a ORDER BY a.last_position DESC LIMIT 1
    ), 0) + 1;
    SELECT count(*), sha256(string_agg(eventstore.leaf(
        e.position, e.version, e.event_id, e.recorded_at, e.stream, e.type,
        array_to_string(e.tags, ' '), e.data::text, e.metadata::text
    ), '' ORDER BY e.position))
    INTO amount, held
    FROM eventstore.events AS e
    WHERE e.position BETWEEN first AND archive.until;
    IF amount = 0 OR amount <> archive.until - first + 1 OR held <> archive.leaves THEN
        RAISE EXCEPTION 'the file does not hold the events % to % as the log has them',
            first, archive.until
            USING ERRCODE = 'ES004';
    END IF;
    INSERT INTO eventstore.archives (
        first_position, last_position, file, bytes, checksum, archived_at, archived_by
    )
    VALUES (
        first, archive.until, archive.file, archive.bytes, archive.checksum, clock_timestamp(),
        session_user
    );
    UPDATE eventstore.events AS e
    SET data = NULL, metadata = NULL
    WHERE e.position BETWEEN first AND archive.until;
    RETURN amount;
END
$function$;
