-- Bins $2 and $3 of places $1, as far as they are missing; one that was no longer used is used again.
INSERT INTO bin (stock_place_id, name)
SELECT DISTINCT p.id, n.name FROM unnest($1::text[], $2::text[], $3::text[]) AS u(place, bin, second) JOIN stock_place p ON p.name = u.place
CROSS JOIN LATERAL (VALUES (u.bin), (u.second)) AS n(name) WHERE n.name IS NOT NULL
ORDER BY p.id, n.name
ON CONFLICT (stock_place_id, name) DO UPDATE SET is_retired = false WHERE bin.is_retired
