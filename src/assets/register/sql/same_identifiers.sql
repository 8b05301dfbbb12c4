-- Identifiers of an asset that another one has too.
SELECT own.kind, own.value, min(a.asset_number) AS asset_number
FROM asset_identifier own
JOIN asset_identifier other ON lower(other.value) = lower(own.value) AND other.kind = own.kind AND other.asset_id <> own.asset_id
JOIN asset a ON a.id = other.asset_id
WHERE own.asset_id = $1 AND own.kind IN ('serial', 'barcode', 'giai', 'grai')
GROUP BY own.kind, own.value ORDER BY own.kind, own.value LIMIT 5
