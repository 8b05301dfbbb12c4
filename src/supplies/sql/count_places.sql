-- Places whose stock people count, by name, with what asks to be counted there: $1 and $2 name and id of the last one before, or NULL; $3 how many, $4 now.
SELECT p.id AS stock_place_id, p.name, open.id AS count_session_id, n.negative, n.discrepancy, n.zero, n.due
FROM (SELECT id, name FROM stock_place
      WHERE NOT is_retired AND reader_id IS NULL AND ($1 IS NULL OR (name, id) > ($1, $2))
      ORDER BY name, id LIMIT $3) p
LEFT JOIN count_session open ON open.stock_place_id = p.id AND open.state IN ('draft', 'counting', 'review')
CROSS JOIN LATERAL (
    SELECT count(*) FILTER (WHERE c.cause = 'negative') AS negative, count(*) FILTER (WHERE c.cause = 'discrepancy') AS discrepancy,
           count(*) FILTER (WHERE c.cause = 'zero') AS zero, count(*) FILTER (WHERE c.cause = 'due') AS due
    FROM count_candidates(p.id, $4) c) n
ORDER BY p.name, p.id
