-- Nobody else changes the assets of the file until the import is through. By id, as everybody locks them.
SELECT a.id AS asset_id
FROM asset a
WHERE a.id = ANY (ARRAY(
    SELECT l.id FROM unnest($1::text[]) AS wanted (number)
    CROSS JOIN LATERAL (SELECT id FROM asset WHERE lower(asset_number) = wanted.number LIMIT 1) l
))
ORDER BY a.id FOR UPDATE
