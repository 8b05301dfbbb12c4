INSERT INTO quarantine (received_at, scope, reason, detail, routing_key, reader_key, batch_id, batch_index, body, body_bytes,
                        content_type)
SELECT * FROM unnest($1::timestamptz[], $2::text[], $3::text[], $4::text[], $5::text[], $6::text[], $7::uuid[], $8::int[],
                     $9::bytea[], $10::int[], $11::text[])
