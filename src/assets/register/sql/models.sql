-- Models with their kept counts.
SELECT m.id AS model_id, m.asset_type_id, t.name AS type_name, m.maker, m.name, m.udi_di,
       coalesce((SELECT sum(n) FROM asset_total c WHERE c.asset_type_id = m.asset_type_id AND c.model_id = m.id), 0)::bigint
           + coalesce((SELECT sum(n) FROM asset_count_delta d WHERE d.model_id = m.id), 0)::bigint AS assets
FROM model m JOIN asset_type t ON t.id = m.asset_type_id
WHERE ($1::bigint IS NULL OR m.id = $1) AND ($2::bigint IS NULL OR m.asset_type_id = $2) AND (m.maker, m.name) > ($3, $4)
ORDER BY m.maker, m.name LIMIT $5
