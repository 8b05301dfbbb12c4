ON CONFLICT (tag_id) DO UPDATE SET
    room_id = excluded.room_id, reader_id = excluded.reader_id, seen_at = excluded.seen_at, entered_at = excluded.entered_at,
    confidence = excluded.confidence, battery_pct = excluded.battery_pct, version = t.version + 1
