-- All assets of these models per state.
SELECT state, sum(n)::bigint AS n FROM asset_totals WHERE model_id = ANY ($1) GROUP BY state ORDER BY state
