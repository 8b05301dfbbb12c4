-- Items $1 are ordered in packs $2: no longer in others.
UPDATE item_pack p SET is_ordered = false
FROM unnest($1::text[], $2::text[]) AS u(number, pack) JOIN item i ON lower(i.item_number) = lower(u.number)
WHERE p.item_id = i.id AND p.is_ordered AND p.name <> u.pack
