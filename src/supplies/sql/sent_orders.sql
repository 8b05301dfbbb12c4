-- Orders that were sent, the newest first: $1 whether something of them is to come (NULL: any), $2 and $3 when the last one before was sent
-- and its id, or NULL, $4 how many.
SELECT so.id AS supply_order_id, so.sent_at, su.name AS supplier_name, u.role AS sent_role, l.lines, l.received, l.part, l.waiting, l.cancelled
FROM (SELECT o.id, o.sent_at, o.supplier_id, o.sent_by FROM supply_order o
      WHERE ($2 IS NULL OR (o.sent_at, o.id) < ($2, $3))
        AND ($1 IS NULL OR $1 = EXISTS (SELECT FROM order_line ol WHERE ol.supply_order_id = o.id AND ol.state IN ('sent', 'part_received')))
      ORDER BY o.sent_at DESC, o.id DESC LIMIT $4) so
JOIN app_user u ON u.id = so.sent_by
LEFT JOIN supplier su ON su.id = so.supplier_id
CROSS JOIN LATERAL (
    SELECT count(*) AS lines, count(*) FILTER (WHERE ol.state = 'received') AS received,
           count(*) FILTER (WHERE ol.state = 'part_received') AS part, count(*) FILTER (WHERE ol.state = 'sent') AS waiting,
           count(*) FILTER (WHERE ol.state = 'cancelled') AS cancelled
    FROM order_line ol WHERE ol.supply_order_id = so.id) l
ORDER BY so.sent_at DESC, so.id DESC
