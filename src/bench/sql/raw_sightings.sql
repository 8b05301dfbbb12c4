INSERT INTO sighting (seen_at, tag_id, reader_id, batch_id, batch_index, antenna_port, rssi_dbm)
SELECT * FROM unnest($1::timestamptz[], $2::bigint[], $3::bigint[], $4::uuid[], $5::smallint[], $6::smallint[], $7::real[])
