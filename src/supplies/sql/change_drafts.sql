UPDATE order_line o SET quantity_suggested = u.quantity, pack_units = u.pack_units, arithmetic = u.arithmetic, settled_at = $5
FROM unnest($1::bigint[], $2::bigint[], $3::bigint[], $4::jsonb[]) AS u(id, quantity, pack_units, arithmetic)
WHERE o.id = u.id AND o.state = 'suggested'
