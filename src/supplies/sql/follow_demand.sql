-- Mean use of a day and its deviation, of the items and places that are due: $1 now, $2 how many at most. The last 56 days of the facility
-- count, from the first day on that anything was used; days on which nothing was available do not (they say nothing about the need).
WITH due AS (
    SELECT s.item_id, s.stock_place_id FROM stocking s
    WHERE s.demand_at IS NULL OR s.demand_at < $1 - interval '6 hours'
    ORDER BY s.demand_at NULLS FIRST LIMIT $2 FOR UPDATE SKIP LOCKED
), span AS (
    SELECT d.item_id, d.stock_place_id, z.today,
           greatest(z.today - 56, (SELECT min(x.day) FROM stock_day x WHERE x.item_id = d.item_id AND x.stock_place_id = d.stock_place_id
                                                      AND x.used <> 0)) AS first_day
    FROM due d CROSS JOIN LATERAL (SELECT ($1 AT TIME ZONE stock_place_time_zone(d.stock_place_id))::date AS today) z
), demand AS (
    SELECT p.item_id, p.stock_place_id, greatest(avg(coalesce(x.used, 0)), 0)::real AS mean, stddev_samp(coalesce(x.used, 0))::real AS deviation
    FROM span p
    CROSS JOIN LATERAL generate_series(p.first_day, p.today - 1, interval '1 day') AS g(day)
    LEFT JOIN stock_day x ON x.item_id = p.item_id AND x.stock_place_id = p.stock_place_id AND x.day = g.day::date
    WHERE NOT coalesce(x.was_out, false)
    GROUP BY p.item_id, p.stock_place_id
)
-- Where no day counts, because there was nothing on any of them, what was known before stays.
UPDATE stocking s SET use_per_day = coalesce(d.mean, s.use_per_day), demand_at = $1,
    use_deviation = CASE WHEN d.mean IS NULL THEN s.use_deviation ELSE coalesce(d.deviation, 0) END
FROM span p LEFT JOIN demand d USING (item_id, stock_place_id)
WHERE s.item_id = p.item_id AND s.stock_place_id = p.stock_place_id
RETURNING s.item_id, s.stock_place_id, s.rules_at IS NOT NULL AS has_rules
