-- All assets of these types per state.
SELECT state, sum(n)::bigint AS n FROM asset_totals WHERE asset_type_id = ANY ($1) GROUP BY state ORDER BY state
