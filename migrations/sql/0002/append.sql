-- Append events to one stream: a batch of one append. For whoever writes SQL himself; the store calls
-- append_batch and append_one, which together are the only writers.
CREATE FUNCTION eventstore.append(
    stream text,
    at_least bigint,  -- the stream's version must be within these two; null is no bound
    at_most bigint,
    ids uuid[],
    types text[],
    data json[],
    metadata json[],
    tags text[] DEFAULT NULL,  -- of each event, separated by a space
    OUT outcome text,  -- appended, repeated, wrong-version, id-reused
    OUT last_version bigint,  -- of the append's last event; of the stream if wrong-version
    OUT last_position bigint,  -- of the append's last event
    OUT reused uuid  -- the first id that the log holds already, if id-reused
)
LANGUAGE plpgsql VOLATILE SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
    amount constant int NOT NULL := cardinality(ids);
    answer record;
BEGIN
    answer := eventstore.append_batch(
        ARRAY[1], ARRAY[stream], ARRAY[at_least], ARRAY[at_most], ARRAY[amount]::bigint[],
        ARRAY[0]::bigint[], array_fill(1, ARRAY[amount]), ARRAY(SELECT generate_series(1, amount)),
        ids, types, coalesce(tags, array_fill(''::text, ARRAY[amount])), data, metadata, NULL
    );
    outcome := coalesce(answer.outcomes[1], 'appended');
    last_version := answer.last_versions[1];
    last_position := answer.last_positions[1];
    reused := answer.reused[1];
END
$function$;
