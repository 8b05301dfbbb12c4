INSERT INTO reader_health AS h (reader_id, last_message_at, last_sighting_at, down_since, clock_offset_ms, clock_faults, messages,
                                sightings, rejected, duplicates, sequence_gaps, sightings_per_min, last_event, updated_at)
SELECT a, b, c, d, e, f, g, i, j, k, l, m, n, $14
FROM unnest($1::bigint[], $2::timestamptz[], $3::timestamptz[], $4::timestamptz[], $5::bigint[], $6::bigint[], $7::bigint[],
            $8::bigint[], $9::bigint[], $10::bigint[], $11::bigint[], $12::real[], $13::text[])
    AS u(a, b, c, d, e, f, g, i, j, k, l, m, n) ORDER BY a
ON CONFLICT (reader_id) DO UPDATE SET
    last_message_at = greatest(h.last_message_at, excluded.last_message_at),
    last_sighting_at = greatest(h.last_sighting_at, excluded.last_sighting_at),
    down_since = excluded.down_since, clock_offset_ms = excluded.clock_offset_ms,
    clock_faults = h.clock_faults + excluded.clock_faults, messages = h.messages + excluded.messages,
    sightings = h.sightings + excluded.sightings, rejected = h.rejected + excluded.rejected,
    duplicates = h.duplicates + excluded.duplicates, sequence_gaps = h.sequence_gaps + excluded.sequence_gaps,
    sightings_per_min = excluded.sightings_per_min, last_event = coalesce(excluded.last_event, h.last_event),
    updated_at = excluded.updated_at
