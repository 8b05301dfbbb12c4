-- Assets whose service is overdue and whose type may not be used then. $1 and $2: facilities and what day it is there; an asset
-- without an owner is of the first one. $3 is later than all those days, and bounds the index.
WITH due AS (
    SELECT a.id FROM asset a
    JOIN asset_type t ON t.id = a.asset_type_id AND t.overdue_blocks
    LEFT JOIN unit u ON u.id = a.owner_unit_id
    JOIN unnest($1::bigint[], $2::date[]) AS f(id, today) ON f.id = coalesce(u.facility_id, ($1::bigint[])[1])
    WHERE a.service_due_on < $3 AND a.service_due_on < f.today AND NOT a.is_service_blocked AND a.status <> 'retired'
    ORDER BY a.id LIMIT $4 FOR UPDATE OF a SKIP LOCKED
)
UPDATE asset SET is_service_blocked = true FROM due WHERE asset.id = due.id
RETURNING asset.id AS asset_id, asset.asset_type_id, asset.room_id
