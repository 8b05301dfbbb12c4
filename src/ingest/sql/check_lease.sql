SELECT (SELECT version FROM reference_version) AS version
FROM shard_lease WHERE shard = $1 AND epoch = $2 FOR SHARE
