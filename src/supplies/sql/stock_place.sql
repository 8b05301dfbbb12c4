-- A place of stock by itself: $1.
SELECT p.name, p.room_id, p.asset_id, p.silent_since, p.reader_id IS NOT NULL AS counts_itself, c.inventory_at, coalesce(c.foreign_tags, 0) AS foreign_tags,
       (SELECT count(*) FROM bin b JOIN unit_tag u ON u.bin_id = b.id WHERE b.stock_place_id = p.id AND u.misses > 0) AS not_seen
FROM stock_place p LEFT JOIN cabinet c ON c.stock_place_id = p.id
WHERE p.id = $1 AND NOT p.is_retired
