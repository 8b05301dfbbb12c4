-- Readers that nobody registered wait for an administrator (S-38); at most 1,000, so that nobody can fill the table.
INSERT INTO reader (reader_key, state)
SELECT unnest($1::text[]), 'waiting'
WHERE (SELECT count(*) FROM reader WHERE state = 'waiting') < 1000
ON CONFLICT DO NOTHING
