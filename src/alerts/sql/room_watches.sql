-- Types in rooms that are below their critical level now, and those that are remembered (R8). A line for the room wins over
-- one for its kind. Counts are looked up pair by pair, so the cost follows the lines and not the fleet.
WITH line AS (
    SELECT p.asset_type_id, p.room_id, p.critical FROM equipment_par p WHERE p.room_id IS NOT NULL AND p.critical > 0
    UNION ALL
    SELECT p.asset_type_id, r.id, p.critical FROM equipment_par p JOIN room r ON r.kind = p.room_kind
    WHERE p.room_kind IS NOT NULL AND p.critical > 0
      AND NOT EXISTS (SELECT FROM equipment_par own WHERE own.asset_type_id = p.asset_type_id AND own.room_id = r.id)
), below AS (
    SELECT l.asset_type_id, l.room_id FROM line l
    CROSS JOIN LATERAL (
        SELECT coalesce(sum(n), 0) AS n FROM (
            SELECT n FROM asset_count c
            WHERE c.asset_type_id = l.asset_type_id AND c.room_id = l.room_id AND c.state = 'ready'
            UNION ALL
            SELECT n FROM asset_count_delta d
            WHERE d.asset_type_id = l.asset_type_id AND d.room_id = l.room_id AND d.state = 'ready'
        ) counted
    ) ready
    WHERE ready.n < l.critical
)
SELECT asset_type_id, room_id, b.asset_type_id IS NOT NULL AS is_below, w.is_below AS was_below, w.since,
       EXISTS (SELECT FROM alert a
               WHERE a.alert_key = 'equipment_below_critical:type=' || asset_type_id || ':room=' || room_id AND a.is_active) AS is_alerted
FROM below b FULL JOIN equipment_par_watch w USING (asset_type_id, room_id)
ORDER BY asset_type_id, room_id
