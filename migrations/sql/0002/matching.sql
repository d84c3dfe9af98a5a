-- The positions of the events that match a query, after `after` and up to `until`, at most `amount`,
-- in order or, backwards, in the reverse order.
--
-- `items` is an array of {"categories": [...], "types": [...], "tags": [...]}, as in
-- eventstore.query: an event matches if some item does; an empty or missing list asks for nothing.
-- Each item is looked up by one index, by its rarest tag, its types, its categories or all of the
-- log, and what was found is held against the rest of the item.
CREATE FUNCTION eventstore.matching(
    items json, after bigint, until bigint, amount bigint, backwards boolean
)
RETURNS SETOF bigint
LANGUAGE plpgsql STABLE
SET enable_seqscan = off
SET enable_hashjoin = off
SET enable_mergejoin = off
SET plan_cache_mode = force_generic_plan
AS $function$
DECLARE
    item json;
    keys text[];
    wanted_categories text[];
    wanted_types text[];
    wanted_tags text[];
    found bigint[] := '{}';
BEGIN
    FOR item IN SELECT i.item FROM json_array_elements(items) AS i (item) LOOP
        wanted_categories := ARRAY(SELECT json_array_elements_text(item -> 'categories'));
        wanted_types := ARRAY(SELECT json_array_elements_text(item -> 'types'));
        wanted_tags := ARRAY(SELECT json_array_elements_text(item -> 'tags'));
        IF cardinality(wanted_tags) > 0 THEN
            keys := wanted_tags;
            IF cardinality(wanted_tags) > 1 THEN
                keys := ARRAY(
                    SELECT w.tag
                    FROM unnest(wanted_tags) AS w (tag)
                    ORDER BY (
                        SELECT count(*)
                        FROM (
                            SELECT
                            FROM eventstore.event_tags AS t
                            WHERE t.tag = w.tag AND t.position > after AND t.position <= until
                            LIMIT 1000
                        ) AS sample
                    )
                    LIMIT 1
                );
            END IF;
            found := found || ARRAY(
                SELECT m.position
                FROM eventstore.event_tags AS t
                CROSS JOIN LATERAL (
                    SELECT e.position
                    FROM eventstore.events AS e
                    WHERE e.position = t.position
                      AND e.tags @> wanted_tags
                      AND (wanted_types = '{}' OR e.type = ANY (wanted_types))
                      AND (wanted_categories = '{}' OR e.category = ANY (wanted_categories))
                ) AS m
                WHERE NOT backwards
                  AND t.tag = keys[1] AND t.position > after AND t.position <= until
                ORDER BY t.position
                LIMIT amount
            ) || ARRAY(
                SELECT m.position
                FROM eventstore.event_tags AS t
                CROSS JOIN LATERAL (
                    SELECT e.position
                    FROM eventstore.events AS e
                    WHERE e.position = t.position
                      AND e.tags @> wanted_tags
                      AND (wanted_types = '{}' OR e.type = ANY (wanted_types))
                      AND (wanted_categories = '{}' OR e.category = ANY (wanted_categories))
                ) AS m
                WHERE backwards
                  AND t.tag = keys[1] AND t.position > after AND t.position <= until
                ORDER BY t.position DESC
                LIMIT amount
            );
        ELSIF cardinality(wanted_types) > 0 THEN
            found := found || ARRAY(
                SELECT m.position
                FROM unnest(wanted_types) AS w (type)
                CROSS JOIN LATERAL (
                    (
                        SELECT e.position
                        FROM eventstore.events AS e
                        WHERE NOT backwards
                          AND e.type = w.type AND e.position > after AND e.position <= until
                          AND (wanted_categories = '{}' OR e.category = ANY (wanted_categories))
                        ORDER BY e.position
                        LIMIT amount
                    ) UNION ALL (
                        SELECT e.position
                        FROM eventstore.events AS e
                        WHERE backwards
                          AND e.type = w.type AND e.position > after AND e.position <= until
                          AND (wanted_categories = '{}' OR e.category = ANY (wanted_categories))
                        ORDER BY e.position DESC
                        LIMIT amount
                    )
                ) AS m
            );
        ELSIF cardinality(wanted_categories) > 0 THEN
            found := found || ARRAY(
                SELECT m.position
                FROM unnest(wanted_categories) AS w (category)
                CROSS JOIN LATERAL (
                    (
                        SELECT e.position
                        FROM eventstore.events AS e
                        WHERE NOT backwards
                          AND e.category = w.category
                          AND e.position > after AND e.position <= until
                        ORDER BY e.position
                        LIMIT amount
                    ) UNION ALL (
                        SELECT e.position
                        FROM eventstore.events AS e
                        WHERE backwards
                          AND e.category = w.category
                          AND e.position > after AND e.position <= until
                        ORDER BY e.position DESC
                        LIMIT amount
                    )
                ) AS m
            );
        ELSE
            found := found || ARRAY(
                SELECT e.position
                FROM eventstore.events AS e
                WHERE NOT backwards AND e.position > after AND e.position <= until
                ORDER BY e.position
                LIMIT amount
            ) || ARRAY(
                SELECT e.position
                FROM eventstore.events AS e
                WHERE backwards AND e.position > after AND e.position <= until
                ORDER BY e.position DESC
                LIMIT amount
            );
        END IF;
    END LOOP;
    RETURN QUERY
        SELECT f.position
        FROM (SELECT DISTINCT u.position FROM unnest(found) AS u (position)) AS f
        ORDER BY CASE WHEN backwards THEN -f.position ELSE f.position END
        LIMIT amount;
END
$function$;
