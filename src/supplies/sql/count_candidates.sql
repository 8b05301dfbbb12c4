-- What can be counted at a place, and why: $1 the place, $2 now, $3 how many; what asks for it most comes first.
SELECT c.item_id, c.bin_id, c.cause
FROM count_candidates($1, $2) c
JOIN item i ON i.id = c.item_id
JOIN bin b ON b.id = c.bin_id
ORDER BY array_position(ARRAY['negative', 'discrepancy', 'zero', 'due', 'chosen'], c.cause), b.name, i.name, c.item_id
LIMIT $3
