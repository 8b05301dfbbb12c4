-- Where a rule holds, and what lies above that: one of $1 stock place, $2 room, $3 floor, $4 building, $5 facility.
SELECT p.id AS stock_place_id, r.id AS room_id, f.id AS floor_id, b.id AS building_id, fa.id AS facility_id,
       CASE WHEN $1 IS NOT NULL THEN p.name WHEN $2 IS NOT NULL THEN r.name || ', ' || f.name WHEN $3 IS NOT NULL THEN f.name || ', ' || b.name
            WHEN $4 IS NOT NULL THEN b.name ELSE fa.name END AS name
FROM (SELECT 1) q
LEFT JOIN stock_place p ON p.id = $1
LEFT JOIN asset a ON a.id = p.asset_id
LEFT JOIN room r ON r.id = coalesce($2, p.room_id, a.room_id)
LEFT JOIN floor f ON f.id = coalesce($3, r.floor_id)
LEFT JOIN building b ON b.id = coalesce($4, f.building_id)
LEFT JOIN facility fa ON fa.id = coalesce($5, b.facility_id)
