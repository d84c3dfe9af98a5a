-- Decide many appends at once (see the migrations, and append_singles of the arguments).
SELECT outcomes, last_versions, last_positions, reused
FROM eventstore.append_batch(
    $1::text::int[], string_to_array($2, E'\x1e'), $3::text::bigint[], $4::text::bigint[],
    $5::text::bigint[], $6::text::bigint[], $7::text::int[], $8::text::bigint[], $9::text::uuid[],
    string_to_array($10, E'\x1e'),
    coalesce(
        string_to_array($11, E'\x1e'),
        array_fill(''::text, ARRAY[cardinality($9::text::uuid[])])
    ),
    string_to_array($12, E'\x1e')::json[], string_to_array($13, E'\x1e')::json[], $14
)
