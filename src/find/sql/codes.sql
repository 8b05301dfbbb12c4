-- Assets that are known by exactly one of these numbers, in any case: asset number, other identifier, or the key of a tag.
SELECT found.asset_id
FROM (
    SELECT id AS asset_id FROM asset WHERE lower(asset_number) = ANY (ARRAY(SELECT lower(n) FROM unnest($1) AS n))
    UNION
    SELECT asset_id FROM asset_identifier WHERE lower(value) = ANY (ARRAY(SELECT lower(n) FROM unnest($1) AS n))
    UNION
    SELECT ta.asset_id
    FROM tag tg JOIN tag_assignment ta ON ta.tag_id = tg.id AND ta.ended_at IS NULL
    WHERE tg.tag_key = ANY ($2)
) found
ORDER BY found.asset_id
LIMIT 100
