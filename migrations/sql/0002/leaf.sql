-- The digest of one event in the chain of hashes. Its text is unambiguous: nine fields of known form
-- and the lengths of five texts in a line, then the texts. docs/reference/eventstore.md has it in
-- words; eventstore/postgres/chain.py computes it again.
CREATE FUNCTION eventstore.leaf(
    "position" bigint,
    version bigint,
    event_id uuid,
    recorded_at timestamptz,
    stream text,
    type text,
    tags text,  -- separated by a space, which no tag contains
    data text,
    metadata text
)
RETURNS bytea
LANGUAGE sql STABLE PARALLEL SAFE
RETURN sha256(convert_to(
    concat_ws(
        ' ', "position", version, event_id,
        (extract(epoch FROM recorded_at) * 1000000)::bigint,
        octet_length(stream), octet_length(type), octet_length(tags),
        octet_length(data), octet_length(metadata)
    ) || concat(E'\n', stream, type, tags, data, metadata),
    'UTF8'
));
