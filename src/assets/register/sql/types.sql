-- Types with their kept counts; there are few.
SELECT t.id AS asset_type_id, t.name, t.overdue_blocks,
       (SELECT count(*) FROM model m WHERE m.asset_type_id = t.id) AS models,
       coalesce((SELECT sum(n) FROM asset_total c WHERE c.asset_type_id = t.id), 0)::bigint
           + coalesce((SELECT sum(n) FROM asset_count_delta d WHERE d.asset_type_id = t.id), 0)::bigint AS assets
FROM asset_type t
WHERE ($1::bigint IS NULL OR t.id = $1) AND lower(t.name) > lower($2)
ORDER BY lower(t.name) LIMIT $3
