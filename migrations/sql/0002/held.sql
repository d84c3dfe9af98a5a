-- Whether the log holds these events side by side, in this order and each in its stream: then it
-- answers with the position of the last one, else with null.
CREATE FUNCTION eventstore.held(ids uuid[], streams text[])
RETURNS bigint
LANGUAGE plpgsql STABLE
AS $function$
DECLARE
    first constant bigint := (
        SELECT e.position FROM eventstore.events AS e WHERE e.event_id = ids[1]
    );
    last constant bigint := first + cardinality(ids) - 1;
BEGIN
    IF (ids, streams) = (
        SELECT array_agg(e.event_id ORDER BY e.position), array_agg(e.stream ORDER BY e.position)
        FROM eventstore.events AS e
        WHERE e.position BETWEEN first AND last
    ) THEN
        RETURN last;
    END IF;
    RETURN NULL;
END
$function$;
