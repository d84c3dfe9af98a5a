-- The one exception to append-only, held by the table itself and not by who asks: the payload of an
-- event may go, and nothing else of it may change. It may go into an archive that covers the event,
-- or for a tombstone once the leaf that the chain of hashes has of it is kept. Of an event that is in
-- an archive, whose payload is not here to compute the leaf of, the archive must have a file that was
-- written since; the leaf was held against the chain by who kept it.
CREATE OR REPLACE FUNCTION eventstore.refuse_other_change() RETURNS trigger
LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp
AS $function$
BEGIN
    IF (
        NEW.position, NEW.stream_id, NEW.version, NEW.recorded_at, NEW.event_id, NEW.stream,
        NEW.type, NEW.tags
    ) IS NOT DISTINCT FROM (
        OLD.position, OLD.stream_id, OLD.version, OLD.recorded_at, OLD.event_id, OLD.stream,
        OLD.type, OLD.tags
    ) THEN
        IF OLD.data IS NOT NULL AND NEW.data IS NULL AND NEW.metadata IS NULL AND EXISTS (
            SELECT FROM eventstore.archives AS a
            WHERE a.first_position <= OLD.position AND a.last_position >= OLD.position
        ) THEN
            RETURN NEW;
        END IF;
        IF OLD.data IS NOT NULL AND NEW.data::text = 'null' AND EXISTS (
            SELECT FROM eventstore.retired AS r
            WHERE r.position = OLD.position
              AND NEW.metadata::text = eventstore.tombstone(r.retired_at)::text
              AND r.leaf = eventstore.leaf(
                  OLD.position, OLD.version, OLD.event_id, OLD.recorded_at, OLD.stream, OLD.type,
                  array_to_string(OLD.tags, ' '), OLD.data::text, OLD.metadata::text
              )
        ) THEN
            RETURN NEW;
        END IF;
        IF OLD.data IS NULL AND NEW.data::text = 'null' AND EXISTS (
            SELECT
            FROM eventstore.retired AS r
            CROSS JOIN LATERAL (
                SELECT * FROM eventstore.archives AS a
                WHERE a.last_position >= r.position
                ORDER BY a.last_position
                LIMIT 1
            ) AS a
            JOIN eventstore.archive_rewrites AS w
                ON w.first_position = a.first_position AND w.rewritten_at = r.retired_at
            WHERE r.position = OLD.position
              AND NEW.metadata::text = eventstore.tombstone(r.retired_at)::text
        ) THEN
            RETURN NEW;
        END IF;
    END IF;
    RAISE EXCEPTION '% of %.% refused: the log is append-only',
        TG_OP, TG_TABLE_SCHEMA, TG_TABLE_NAME
        USING ERRCODE = 'ES002';
END
$function$;
