-- Places of stock $1, by name, and where each is in the tree of places; a cart with a tag is where its tag is.
SELECT p.id AS stock_place_id, p.name, p.kind, p.is_retired, p.asset_id IS NOT NULL AS has_tag, p.reader_id IS NOT NULL AS counts_itself,
       own.name AS room_name, p.room_id, o.name AS round, r.id AS at_room_id, f.id AS floor_id, b.id AS building_id, b.facility_id
FROM stock_place p
LEFT JOIN supply_round o ON o.id = p.supply_round_id
LEFT JOIN room own ON own.id = p.room_id
LEFT JOIN asset a ON a.id = p.asset_id
LEFT JOIN room r ON r.id = coalesce(p.room_id, a.room_id)
LEFT JOIN floor f ON f.id = r.floor_id
LEFT JOIN building b ON b.id = f.building_id
WHERE p.name = ANY ($1)
