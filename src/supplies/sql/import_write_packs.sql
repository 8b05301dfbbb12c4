-- The packs $2 of $3 base units in which items $1 are ordered.
INSERT INTO item_pack (item_id, name, units, is_ordered)
SELECT i.id, u.pack, u.units, true FROM unnest($1::text[], $2::text[], $3::bigint[]) AS u(number, pack, units) JOIN item i ON lower(i.item_number) = lower(u.number)
ON CONFLICT (item_id, name) DO UPDATE SET units = excluded.units, is_ordered = true
