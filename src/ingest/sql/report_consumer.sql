INSERT INTO consumer_health AS h (shard, reported_at, caught_up_at, last_batch_at, applied, version) VALUES ($1, $2, $3, $4, $5, $6)
ON CONFLICT (shard) DO UPDATE SET reported_at = excluded.reported_at, caught_up_at = coalesce(excluded.caught_up_at, h.caught_up_at),
    last_batch_at = coalesce(excluded.last_batch_at, h.last_batch_at), applied = h.applied + excluded.applied,
    version = excluded.version
