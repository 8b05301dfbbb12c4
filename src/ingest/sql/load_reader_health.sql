SELECT reader_id, last_message_at, last_sighting_at, down_since, clock_offset_ms, sightings_per_min FROM reader_health
