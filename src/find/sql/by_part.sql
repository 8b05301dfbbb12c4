-- Assets one of whose numbers holds a text: $1 is a pattern for LIKE, $2 the text itself, both without separators. Each branch is
-- limited in the order of an index, so that a text that is in every number costs no more than a page of them. Numbers that end
-- with the text come first, because people read the last digits of a label.
SELECT found.asset_id
FROM (
    (SELECT id AS asset_id, translate(lower(asset_number), '-_./ ', '') AS value, 0 AS source
     FROM asset
     WHERE translate(lower(asset_number), '-_./ ', '') LIKE $1 AND status <> 'retired'
     ORDER BY lower(asset_number) COLLATE "C"
     LIMIT $3)
    UNION ALL
    (SELECT i.asset_id, translate(lower(i.value), '-_./ ', ''), 1
     FROM asset_identifier i
     WHERE translate(lower(i.value), '-_./ ', '') LIKE $1
     ORDER BY lower(i.value)
     LIMIT $3)
) found
JOIN asset a ON a.id = found.asset_id AND a.status <> 'retired'
GROUP BY found.asset_id
ORDER BY min(CASE WHEN found.value = $2 THEN 0 WHEN right(found.value, length($2)) = $2 THEN 1
                  WHEN left(found.value, length($2)) = $2 THEN 2 ELSE 3 END),
         min(found.source), min(length(found.value)), found.asset_id
LIMIT $3
