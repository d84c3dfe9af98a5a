-- The metadata of a retired event: when its payload was dropped.
CREATE FUNCTION eventstore.tombstone(retired_at timestamptz)
RETURNS json
LANGUAGE sql STABLE PARALLEL SAFE
RETURN json_build_object(
    'retired', to_char(retired_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"')
);
