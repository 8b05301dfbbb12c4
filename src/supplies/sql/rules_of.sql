-- Rules that apply: $1 items (NULL: only rules for all items), $2 stock places, $3 rooms, $4 floors, $5 buildings, $6 facilities, each NULL
-- where there is none; position counts them from 1. The key of the table finds them: a rule of an item and place by both.
WITH q AS (
    SELECT * FROM unnest($1::bigint[], $2::bigint[], $3::bigint[], $4::bigint[], $5::bigint[], $6::bigint[])
        WITH ORDINALITY AS u(item_id, stock_place_id, room_id, floor_id, building_id, facility_id, position)
), hit AS (
    SELECT q.position, r.* FROM q JOIN stock_rule r ON r.item_id = q.item_id AND r.stock_place_id = q.stock_place_id
    UNION ALL
    SELECT q.position, r.* FROM q JOIN stock_rule r ON r.item_id IS NULL AND r.stock_place_id = q.stock_place_id
    UNION ALL
    SELECT q.position, r.* FROM q JOIN stock_rule r ON r.item_id = q.item_id AND r.stock_place_id IS NULL
        AND (num_nonnulls(r.room_id, r.floor_id, r.building_id, r.facility_id) = 0
             OR r.room_id = q.room_id OR r.floor_id = q.floor_id OR r.building_id = q.building_id OR r.facility_id = q.facility_id)
    UNION ALL
    SELECT q.position, r.* FROM q JOIN stock_rule r ON r.item_id IS NULL AND r.stock_place_id IS NULL
        AND (num_nonnulls(r.room_id, r.floor_id, r.building_id, r.facility_id) = 0
             OR r.room_id = q.room_id OR r.floor_id = q.floor_id OR r.building_id = q.building_id OR r.facility_id = q.facility_id)
)
SELECT position, id AS rule_id, item_id IS NOT NULL AS is_for_item,
       CASE WHEN stock_place_id IS NOT NULL THEN 'place' WHEN room_id IS NOT NULL THEN 'room' WHEN floor_id IS NOT NULL THEN 'floor'
            WHEN building_id IS NOT NULL THEN 'building' WHEN facility_id IS NOT NULL THEN 'facility' ELSE 'everywhere' END AS level,
       method, reorder_point, par, maximum, fixed_quantity, rounding, service_percent, order_days
FROM hit ORDER BY position, rule_id
