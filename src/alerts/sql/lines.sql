-- Alerts in the order of the ids $1, with what their words need. The room of an asset is where it is now, else where the cause was.
SELECT al.id AS alert_id, al.kind, al.severity, al.state, al.is_active, al.causes, al.opened_at, al.last_at, al.ended_at,
       al.acknowledged_at, ap.role AS acknowledged_role, au.name AS acknowledged_unit,
       al.resolved_at, rp.role AS resolved_role, ru.name AS resolved_unit, al.resolution,
       al.asset_id, a.asset_number, a.status AS asset_status, t.id AS asset_type_id, t.name AS type_name,
       r.id AS room_id, r.name AS room_name, r.kind AS room_kind, coalesce(u.name, f.name) AS area_name,
       al.reader_id, rd.reader_key, h.last_message_at,
       al.item_id, i.name AS item_name, al.stock_place_id, sp.name AS stock_place_name, b.name AS bin_name,
       l.lot_number, l.id AS lot_id, l.expires_on, sp.silent_since, d.name AS destination_name, al.reopened, al.step, al.snoozed_until, al.snooze_reason,
       (SELECT string_agg(DISTINCT zr.name, ', ' ORDER BY zr.name)
        FROM antenna an JOIN zone z ON z.id = an.zone_id JOIN room zr ON zr.id = z.room_id WHERE an.reader_id = al.reader_id) AS reader_rooms,
       (SELECT p.critical FROM equipment_par p
        WHERE p.asset_type_id = al.asset_type_id AND (p.room_id = al.room_id OR p.room_kind = r.kind)
        ORDER BY p.room_id NULLS LAST LIMIT 1) AS critical,
       CASE WHEN al.kind = 'equipment_below_critical' THEN
           (SELECT coalesce(sum(c.n), 0)::bigint FROM asset_counts c
            WHERE c.asset_type_id = al.asset_type_id AND c.room_id = al.room_id AND c.state = 'ready') END AS ready
FROM unnest($1::bigint[]) WITH ORDINALITY AS wanted (id, position)
JOIN alert al ON al.id = wanted.id
LEFT JOIN asset a ON a.id = al.asset_id
LEFT JOIN asset_place pl ON pl.asset_id = al.asset_id
LEFT JOIN asset_type t ON t.id = coalesce(al.asset_type_id, a.asset_type_id)
LEFT JOIN item i ON i.id = al.item_id
LEFT JOIN stock_place sp ON sp.id = al.stock_place_id
LEFT JOIN asset cart ON cart.id = sp.asset_id
LEFT JOIN bin b ON b.id = al.bin_id
LEFT JOIN lot l ON l.id = al.lot_id
LEFT JOIN destination d ON d.id = al.destination_id
LEFT JOIN room r ON r.id = coalesce(a.room_id, pl.room_id, al.room_id, sp.room_id, cart.room_id)
LEFT JOIN floor f ON f.id = r.floor_id
LEFT JOIN unit u ON u.id = r.unit_id
LEFT JOIN reader rd ON rd.id = al.reader_id
LEFT JOIN reader_health h ON h.reader_id = al.reader_id
LEFT JOIN app_user ap ON ap.id = al.acknowledged_by
LEFT JOIN unit au ON au.id = ap.home_unit_id
LEFT JOIN app_user rp ON rp.id = al.resolved_by
LEFT JOIN unit ru ON ru.id = rp.home_unit_id
ORDER BY wanted.position
