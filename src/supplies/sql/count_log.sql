-- What a person entered last in a count: $1 the count, $2 the person, $3 how many. The second count is one number and is in no log.
SELECT e.id AS count_entry_id, e.quantity, e.counted_at, c.id AS count_line_id, i.name AS item_name, b.name AS bin_name, l.lot_number
FROM count_entry e
JOIN count_line c ON c.id = e.count_line_id
JOIN item i ON i.id = c.item_id
JOIN bin b ON b.id = c.bin_id
LEFT JOIN lot l ON l.id = e.lot_id
WHERE c.count_session_id = $1 AND e.round = 1 AND e.counted_by = $2 AND e.undone_at IS NULL AND e.replaced_by_id IS NULL
ORDER BY e.id DESC LIMIT $3
