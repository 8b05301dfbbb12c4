-- Rooms $1, by name, and where each is in the tree of places. Several may be called alike.
SELECT r.id AS room_id, r.name, f.id AS floor_id, b.id AS building_id, b.facility_id
FROM room r JOIN floor f ON f.id = r.floor_id JOIN building b ON b.id = f.building_id WHERE r.name = ANY ($1) ORDER BY r.id
