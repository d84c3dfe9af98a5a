-- Append a batch of single events (see the migrations). Each argument is one text, unpacked here: the
-- driver encodes an array element by element, which takes the client longer than all else it does
-- for a batch. The separator is a control character, which neither names nor JSON can contain.
SELECT outcomes, last_versions, last_positions, reused
FROM eventstore.append_singles(
    string_to_array($1, E'\x1e'), $2::text::bigint[], $3::text::bigint[], $4::text::bigint[],
    $5::text::uuid[], string_to_array($6, E'\x1e'), string_to_array($7, E'\x1e'),
    string_to_array($8, E'\x1e')::json[], string_to_array($9, E'\x1e')::json[]
)
