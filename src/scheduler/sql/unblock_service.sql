-- The other way: service was done, its day was put off, or the type no longer asks for it. $3 keeps the parameters alike.
WITH free AS (
    SELECT a.id FROM asset a
    JOIN asset_type t ON t.id = a.asset_type_id
    LEFT JOIN unit u ON u.id = a.owner_unit_id
    JOIN unnest($1::bigint[], $2::date[]) AS f(id, today) ON f.id = coalesce(u.facility_id, ($1::bigint[])[1])
    WHERE a.is_service_blocked
      AND (NOT t.overdue_blocks OR a.service_due_on IS NULL OR a.service_due_on >= f.today OR a.service_due_on >= $3)
    ORDER BY a.id LIMIT $4 FOR UPDATE OF a SKIP LOCKED
)
UPDATE asset SET is_service_blocked = false FROM free WHERE asset.id = free.id
RETURNING asset.id AS asset_id, asset.asset_type_id, asset.room_id
