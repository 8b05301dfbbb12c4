-- Locks assets and reads what acts depend on. Places were locked before (lock order: places, assets, then the rest).
SELECT a.id AS asset_id, a.asset_number, a.asset_type_id, a.status, a.safety_hold, a.is_service_blocked, a.status_before, a.gone_since,
       a.status_since, p.room_id, p.entered_at, p.basis, p.scanned_at, p.not_here_at,
       (SELECT max(s.seen_at) FROM tag_assignment ta JOIN tag_state s ON s.tag_id = ta.tag_id AND s.seen_at >= ta.assigned_at
        WHERE ta.asset_id = a.id AND ta.ended_at IS NULL) AS seen_at,
       NULL::bigint AS interval_ms
FROM asset a LEFT JOIN asset_place p ON p.asset_id = a.id
WHERE a.id = ANY ($1) ORDER BY a.id FOR UPDATE OF a
