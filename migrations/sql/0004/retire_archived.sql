-- Replace the payloads of archived events by tombstones, for ever, now that a file without them is
-- there. `file` takes the place of the archive's file whose sha256 is `replaced`. Nothing is taken on
-- trust: for each link of the chain of hashes that holds a position, `leaves` has the leaves of all its
-- events, one after the other, and they must give the link's hash; else nothing is done. Answers how
-- many it retired.
CREATE FUNCTION eventstore.retire_archived(
    positions bigint[], links bigint[], leaves bytea[], retired_at timestamptz,
    first_position bigint, replaced bytea, file text, bytes bigint, checksum bytea
)
RETURNS bigint
LANGUAGE plpgsql VOLATILE SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
SET enable_seqscan = off
AS $function$
DECLARE
    archive eventstore.archives;
    rewrites bigint;
    held bytea;
    amount bigint;
BEGIN
    -- One at a time, and none while a range is being archived. Appends and reads go on.
    LOCK TABLE eventstore.retired IN SHARE ROW EXCLUSIVE MODE;
    SELECT a.* INTO archive
    FROM eventstore.archives AS a
    WHERE a.first_position = retire_archived.first_position;
    SELECT w.generation, w.checksum INTO rewrites, held
    FROM eventstore.archive_rewrites AS w
    WHERE w.first_position = archive.first_position
    ORDER BY w.generation DESC
    LIMIT 1;
    IF coalesce(held, archive.checksum) IS DISTINCT FROM retire_archived.replaced THEN
        RAISE EXCEPTION 'the archive from position % has another file by now',
            retire_archived.first_position
            USING ERRCODE = 'ES004';
    END IF;
    IF retire_archived.retired_at NOT BETWEEN clock_timestamp() - interval '1 day'
        AND clock_timestamp()
    THEN
        RAISE EXCEPTION '% is not the time', retire_archived.retired_at USING ERRCODE = 'ES004';
    END IF;
    IF EXISTS (
        SELECT
        FROM unnest(retire_archived.links, retire_archived.leaves) AS g (last_position, leaves)
        LEFT JOIN LATERAL (
            SELECT * FROM eventstore.commits AS c WHERE c.last_position = g.last_position LIMIT 1
        ) AS c ON true
        WHERE (length(g.leaves), c.hash) IS DISTINCT FROM (
            c.events * 32,
            sha256(coalesce((
                SELECT b.hash
                FROM eventstore.commits AS b
                WHERE b.last_position < g.last_position
                ORDER BY b.last_position DESC
                LIMIT 1
            ), decode(repeat('00', 32), 'hex')) || g.leaves)
        )
    ) THEN
        RAISE EXCEPTION 'the leaves of archived events do not give the hashes of the chain'
            USING ERRCODE = 'ES004';
    END IF;
    INSERT INTO eventstore.archive_rewrites (
        first_position, generation, file, bytes, checksum, rewritten_at, rewritten_by
    )
    VALUES (
        archive.first_position, coalesce(rewrites, 0) + 1, retire_archived.file,
        retire_archived.bytes, retire_archived.checksum, retire_archived.retired_at, session_user
    );
    INSERT INTO eventstore.retired (position, leaf, retired_at, retired_by)
    SELECT
        p.position,
        substr(g.leaves, ((p.position - c.last_position + c.events - 1) * 32 + 1)::int, 32),
        retire_archived.retired_at,
        session_user
    FROM unnest(retire_archived.positions) AS p (position)
    CROSS JOIN LATERAL (
        SELECT * FROM eventstore.commits AS c
        WHERE c.last_position >= p.position
        ORDER BY c.last_position
        LIMIT 1
    ) AS c
    JOIN unnest(retire_archived.links, retire_archived.leaves) AS g (last_position, leaves)
        ON g.last_position = c.last_position
    WHERE p.position BETWEEN archive.first_position AND archive.last_position;
    UPDATE eventstore.events AS e
    SET data = 'null', metadata = eventstore.tombstone(retire_archived.retired_at)
    FROM eventstore.retired AS r
    WHERE r.position = e.position
      AND e.position = ANY (retire_archived.positions)
      AND e.data IS NULL;
    GET DIAGNOSTICS amount = ROW_COUNT;
    IF amount <> cardinality(retire_archived.positions) THEN
        RAISE EXCEPTION 'of % events, % are in the archive from position % and not retired yet',
            cardinality(retire_archived.positions), amount, archive.first_position
            USING ERRCODE = 'ES004';
    END IF;
    RETURN amount;
END
$function$;
