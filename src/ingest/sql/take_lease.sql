INSERT INTO shard_lease (shard, epoch, owner, taken_at) VALUES ($1, 1, $2, $3)
ON CONFLICT (shard) DO UPDATE SET epoch = shard_lease.epoch + 1, owner = excluded.owner, taken_at = excluded.taken_at
RETURNING epoch AS n
