INSERT INTO ingest_batch (batch_day, reader_id, batch_id, sightings, received_at)
SELECT * FROM unnest($1::date[], $2::bigint[], $3::uuid[], $4::int[], $5::timestamptz[])
