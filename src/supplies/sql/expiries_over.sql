-- Alerts of lots that are gone from their place.
SELECT a.alert_key FROM alert a
WHERE a.kind = 'expiry' AND a.is_active
  AND NOT EXISTS (SELECT FROM stock_level l WHERE l.lot_id = a.lot_id AND l.stock_place_id = a.stock_place_id AND l.on_hand > 0)
ORDER BY a.alert_key LIMIT $1
