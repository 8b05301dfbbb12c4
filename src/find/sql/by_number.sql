-- Asset numbers that begin with a text. A range instead of LIKE: nothing to escape, and the index serves it however the
-- statement is planned. U+10FFFF comes after every character in the C collation.
SELECT id AS asset_id
FROM asset
WHERE lower(asset_number) COLLATE "C" >= lower($1) COLLATE "C"
  AND lower(asset_number) COLLATE "C" < (lower($1) || chr(1114111)) COLLATE "C"
  AND status <> 'retired'
ORDER BY lower(asset_number) COLLATE "C"
LIMIT $2
