-- Rounds by name, with how many places in use are on each.
SELECT r.id AS round_id, r.name, r.every_days,
       (SELECT count(*) FROM stock_place p WHERE p.supply_round_id = r.id AND NOT p.is_retired) AS places
FROM supply_round r ORDER BY lower(r.name), r.id
