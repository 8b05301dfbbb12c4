-- Holds the lease for this transaction. place_claim has the rows of the last minutes only, so counting them costs nothing.
SELECT (SELECT version FROM reference_version) AS version,
       (SELECT count(*) FROM place_claim) AS claims,
       (SELECT coalesce(max(id), 0) FROM place_claim) AS newest_claim
FROM shard_lease WHERE shard = $1 AND epoch = $2 FOR SHARE
