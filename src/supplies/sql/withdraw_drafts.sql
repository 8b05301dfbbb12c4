UPDATE order_line SET state = 'withdrawn', ended_at = $2, settled_at = $2 WHERE id = ANY ($1) AND state = 'suggested'
