-- Words that people use for equipment, and indexes for parts of numbers.

-- Trusted since Postgres 13: the owner of the database may create it.
CREATE EXTENSION IF NOT EXISTS pg_trgm;

CREATE TABLE synonym (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    term text NOT NULL CHECK (length(term) BETWEEN 1 AND 80),
    folded text NOT NULL CHECK (length(folded) BETWEEN 1 AND 160),
    kind text NOT NULL CHECK (kind IN ('brand', 'slang', 'abbreviation', 'name')),
    asset_type_id bigint REFERENCES asset_type (id) ON DELETE CASCADE,
    model_id bigint REFERENCES model (id) ON DELETE CASCADE,
    CONSTRAINT synonym_target_check CHECK (num_nonnulls(asset_type_id, model_id) = 1),
    CONSTRAINT synonym_folded_asset_type_id_key UNIQUE (folded, asset_type_id),
    CONSTRAINT synonym_folded_model_id_key UNIQUE (folded, model_id)
);
COMMENT ON TABLE synonym IS 'What people also call a type or model, such as "wow" for workstation on wheels. One word may stand for several.';
COMMENT ON COLUMN synonym.folded IS 'The term as searches compare it: small letters, no accents, single spaces (src/find/query/fold.rs).';
COMMENT ON CONSTRAINT synonym_target_check ON synonym IS 'A synonym is of a type or of a model.';
CREATE INDEX synonym_asset_type_id_idx ON synonym (asset_type_id);
CREATE INDEX synonym_model_id_idx ON synonym (model_id);
CREATE INDEX synonym_folded_c_idx ON synonym (folded COLLATE "C", id);
COMMENT ON INDEX synonym_folded_c_idx IS 'The list that administrators page through, in one order whatever the collation.';

CREATE TABLE vocabulary_version (
    only_row boolean PRIMARY KEY DEFAULT true CHECK (only_row),
    version bigint NOT NULL DEFAULT 1
);
COMMENT ON TABLE vocabulary_version IS 'One row: rises with every change of types, models or synonyms, so that processes know when to load the words of the search again.';
INSERT INTO vocabulary_version DEFAULT VALUES;

CREATE FUNCTION count_vocabulary_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    UPDATE vocabulary_version SET version = version + 1;
    RETURN NULL;
END $$;
CREATE TRIGGER asset_type_vocabulary_version AFTER INSERT OR UPDATE OR DELETE OR TRUNCATE ON asset_type
    FOR EACH STATEMENT EXECUTE FUNCTION count_vocabulary_change();
CREATE TRIGGER model_vocabulary_version AFTER INSERT OR UPDATE OR DELETE OR TRUNCATE ON model
    FOR EACH STATEMENT EXECUTE FUNCTION count_vocabulary_change();
CREATE TRIGGER synonym_vocabulary_version AFTER INSERT OR UPDATE OR DELETE OR TRUNCATE ON synonym
    FOR EACH STATEMENT EXECUTE FUNCTION count_vocabulary_change();

-- Parts of numbers, without what people leave out when they type them.
CREATE INDEX asset_number_part_idx ON asset USING gin (translate(lower(asset_number), '-_./ ', '') gin_trgm_ops);
COMMENT ON INDEX asset_number_part_idx IS 'Any part of at least three signs of an asset number, whatever separators it is written with.';
CREATE INDEX asset_identifier_part_idx ON asset_identifier USING gin (translate(lower(value), '-_./ ', '') gin_trgm_ops);
COMMENT ON INDEX asset_identifier_part_idx IS 'The same for every other number.';
