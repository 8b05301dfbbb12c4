-- What is written about one asset.
SELECT a.id AS asset_id, a.asset_number, a.asset_type_id, t.name AS type_name, t.overdue_blocks, a.model_id,
       m.maker || ' ' || m.name AS model_name, a.owner_unit_id, u.name AS owner_unit_name, a.service_due_on, a.status,
       coalesce(i.kinds, ARRAY[]::text[]) AS identifier_kinds, coalesce(i.vals, ARRAY[]::text[]) AS identifier_values
FROM asset a
JOIN asset_type t ON t.id = a.asset_type_id
LEFT JOIN model m ON m.id = a.model_id
LEFT JOIN unit u ON u.id = a.owner_unit_id
-- In the order of bytes, as the program sorts what is typed.
CROSS JOIN LATERAL (
    SELECT array_agg(ai.kind ORDER BY ai.kind COLLATE "C", ai.value COLLATE "C") AS kinds,
           array_agg(ai.value ORDER BY ai.kind COLLATE "C", ai.value COLLATE "C") AS vals
    FROM asset_identifier ai WHERE ai.asset_id = a.id
) i
WHERE a.id = $1
