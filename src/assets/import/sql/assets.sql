-- The assets that a file names, number by number through the index.
SELECT a.asset_id, a.asset_number, a.asset_type_id, a.model_id, a.owner_unit_id, a.service_due_on, a.status
FROM unnest($1::text[]) AS wanted (number)
CROSS JOIN LATERAL (
    SELECT id AS asset_id, asset_number, asset_type_id, model_id, owner_unit_id, service_due_on, status
    FROM asset WHERE lower(asset_number) = wanted.number LIMIT 1
) a
