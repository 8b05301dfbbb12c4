-- Assets with their status and the kind of the room they are in; none when the place is unknown.
SELECT a.id AS asset_id, a.status, a.room_id, r.kind AS room_kind
FROM asset a LEFT JOIN room r ON r.id = a.room_id
WHERE a.id = ANY ($1) ORDER BY a.id
