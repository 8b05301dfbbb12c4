-- Synonyms in order of their words: $1 a folded text in them or in the name of their type, $2 and $3 where the page begins.
SELECT s.id AS synonym_id, s.term, s.folded, s.kind, s.asset_type_id, t.name AS type_name, s.model_id, m.maker, m.name AS model_name
FROM synonym s
LEFT JOIN model m ON m.id = s.model_id
JOIN asset_type t ON t.id = coalesce(s.asset_type_id, m.asset_type_id)
WHERE ($1::text IS NULL OR strpos(s.folded, $1) > 0 OR strpos(lower(t.name), $1) > 0)
  AND ($2::text IS NULL OR (s.folded COLLATE "C", s.id) > ($2 COLLATE "C", $3))
ORDER BY s.folded COLLATE "C", s.id
LIMIT $4
