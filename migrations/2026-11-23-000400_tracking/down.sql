DROP FUNCTION drop_partitions_before;
DROP FUNCTION ensure_partition;
DROP TABLE consumer_health, shard_lease, quarantine, ingest_batch, sighting, asset_stay, asset_place, tag_state;
