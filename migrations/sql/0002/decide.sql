-- Decide the appends of a batch one by one, where not all of them can be taken as they are: their
-- event ids, then their expected versions, then their boundaries. Called by append_batch, which
-- holds the lock; the arguments are its own.
CREATE FUNCTION eventstore.decide(
    head bigint,
    appends int[],
    streams text[],
    at_least bigint[],
    at_most bigint[],
    amounts bigint[],
    ahead bigint[],
    writes int[],
    ids uuid[],
    boundaries json[],
    INOUT versions bigint[],  -- before each write; given as if all before it were appended
    OUT outcomes text[],
    OUT starts bigint[],
    OUT last_versions bigint[],
    OUT last_positions bigint[],
    OUT reused uuid[],
    OUT total bigint
)
LANGUAGE plpgsql STABLE
SET enable_seqscan = off
SET plan_cache_mode = force_generic_plan
AS $function$
DECLARE
    known constant bigint[] NOT NULL := ARRAY(  -- of each event, its position
        SELECT (SELECT e.position FROM eventstore.events AS e WHERE e.event_id = i.id)
        FROM unnest(ids) WITH ORDINALITY AS i (id, number)
        ORDER BY i.number
    );
    write int := 1;  -- the first one of the append
    last_write int;
    event int := 1;  -- the first one of the append
    last_event int;
    outcome text;
    at_fault int;  -- the write that the outcome speaks of
    place bigint;  -- in the log, of a repetition's last event so far
    last_match bigint;
    first int;  -- the first write to the stream in the batch
    appended bigint[] NOT NULL := array_fill(0::bigint, ARRAY[cardinality(appends)]);  -- by it
BEGIN
    total := 0;
    reused := array_fill(NULL::uuid, ARRAY[cardinality(appends)]);
    WHILE write <= cardinality(appends) LOOP
        last_write := write;
        WHILE appends[last_write + 1] = appends[write] LOOP
            last_write := last_write + 1;
        END LOOP;
        last_event := event - 1;
        FOR i IN write .. last_write LOOP
            last_event := last_event + amounts[i];
            IF ahead[i] > 0 THEN
                first := array_position(streams, streams[i]);
                versions[i] := versions[i] - ahead[i] + appended[first];
            END IF;
        END LOOP;

        outcome := 'appended';
        at_fault := NULL;
        FOR i IN event .. last_event LOOP
            IF known[i] IS NOT NULL THEN
                at_fault := writes[i];
                reused[at_fault] := ids[i];
                place := eventstore.held(ids[event:last_event], ARRAY(
                    SELECT streams[w.number]
                    FROM unnest(writes[event:last_event]) WITH ORDINALITY AS w (number, row)
                    ORDER BY w.row
                ));
                outcome := CASE WHEN place IS NULL THEN 'id-reused' ELSE 'repeated' END;
                place := place - (last_event - event + 1);
                EXIT;
            END IF;
        END LOOP;
        IF outcome = 'appended' THEN
            FOR i IN write .. last_write LOOP
                IF versions[i] < at_least[i] OR versions[i] > at_most[i] THEN
                    outcome := 'wrong-version';
                    at_fault := i;
                    EXIT;
                END IF;
            END LOOP;
        END IF;
        IF outcome = 'appended' AND boundaries[appends[write]] IS NOT NULL THEN
            last_match := (
                SELECT m.position
                FROM eventstore.matching(
                    boundaries[appends[write]] -> 'items',
                    (boundaries[appends[write]] ->> 'after')::bigint,
                    head, 1, true
                ) AS m (position)
            );
            IF last_match IS NOT NULL THEN
                outcome := 'boundary-crossed';
                at_fault := write;
            END IF;
        END IF;

        FOR i IN write .. last_write LOOP
            CASE outcome
                WHEN 'appended' THEN
                    outcomes[i] := outcome;
                    starts[i] := head + total;
                    last_versions[i] := versions[i] + amounts[i];
                    total := total + amounts[i];
                    last_positions[i] := head + total;
                    first := CASE
                        WHEN ahead[i] > 0 THEN array_position(streams, streams[i]) ELSE i
                    END;
                    appended[first] := appended[first] + amounts[i];
                WHEN 'repeated' THEN
                    outcomes[i] := outcome;
                    starts[i] := NULL;
                    place := place + amounts[i];
                    last_positions[i] := place;
                    last_versions[i] := (
                        SELECT e.version FROM eventstore.events AS e WHERE e.position = place
                    );
                ELSE
                    outcomes[i] := CASE WHEN i = at_fault THEN outcome END;
                    starts[i] := NULL;
                    last_versions[i] := CASE
                        WHEN outcome = 'wrong-version' AND i = at_fault THEN versions[i]
                    END;
                    last_positions[i] := CASE
                        WHEN outcome = 'boundary-crossed' AND i = at_fault THEN last_match
                    END;
            END CASE;
        END LOOP;
        write := last_write + 1;
        event := last_event + 1;
    END LOOP;
END
$function$;
