ON CONFLICT (asset_id) DO UPDATE SET
    room_id = excluded.room_id, tag_id = excluded.tag_id, reader_id = excluded.reader_id, entered_at = excluded.entered_at,
    basis = excluded.basis, confidence = excluded.confidence, learned_at = excluded.learned_at
