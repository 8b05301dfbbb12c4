-- Assets by number, number by number through the index.
SELECT a.asset_id
FROM unnest($1::text[]) WITH ORDINALITY AS wanted (number, position)
CROSS JOIN LATERAL (SELECT id AS asset_id FROM asset WHERE lower(asset_number) = lower(wanted.number) LIMIT 1) a
ORDER BY wanted.position
