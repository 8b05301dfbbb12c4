-- Types with their counts, read from the index type by type.
SELECT t.id AS asset_type_id, t.name, n.available, n.total
FROM asset_type t
CROSS JOIN LATERAL (
    SELECT count(*) FILTER (WHERE status = 'available') AS available, count(*) AS total
    FROM asset
    WHERE asset_type_id = t.id AND status IN ('available', 'in_use', 'soiled', 'cleaning', 'in_repair', 'missing')
) n
ORDER BY n.total DESC, t.name, t.id
LIMIT $1
