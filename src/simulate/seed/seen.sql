-- Equipment of the simulated hospital that is in a room and is not simply available there.
SELECT a.id AS asset_id, a.asset_type_id, a.status, a.status_since, r.id AS room_id, r.kind AS room_kind, p.entered_at
FROM asset a JOIN asset_place p ON p.asset_id = a.id JOIN room r ON r.id = a.room_id
WHERE a.asset_number = ANY ($1) AND a.status IN ('in_use', 'soiled', 'cleaning', 'in_repair', 'available')
  AND (a.status <> 'available' OR r.kind = 'biomed_shop')
ORDER BY a.id
