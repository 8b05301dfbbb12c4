-- Closed stays of one asset, newest first; the page before goes on from the last left_at.
SELECT st.room_id, st.entered_at, st.left_at, st.basis, r.name AS room_name, r.kind AS room_kind,
       coalesce(u.name, f.name) AS area_name
FROM (
    SELECT room_id, entered_at, left_at, basis FROM asset_stay
    WHERE asset_id = $1 AND left_at < coalesce($2, 'infinity'::timestamptz) ORDER BY left_at DESC LIMIT $3
) st
LEFT JOIN room r ON r.id = st.room_id
LEFT JOIN floor f ON f.id = r.floor_id
LEFT JOIN unit u ON u.id = r.unit_id
ORDER BY st.left_at DESC
