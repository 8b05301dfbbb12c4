-- Days on which nothing was available are left out of the mean use.
INSERT INTO stock_day (item_id, stock_place_id, day, was_out)
SELECT item_id, stock_place_id, day, true FROM unnest($1::bigint[], $2::bigint[], $3::date[]) AS u(item_id, stock_place_id, day)
ORDER BY item_id, stock_place_id, day
ON CONFLICT (item_id, stock_place_id, day) DO UPDATE SET was_out = true WHERE NOT stock_day.was_out
