DROP INDEX asset_number_part_idx, asset_identifier_part_idx;
DROP TRIGGER asset_type_vocabulary_version ON asset_type;
DROP TRIGGER model_vocabulary_version ON model;
DROP TABLE synonym, vocabulary_version;
DROP FUNCTION count_vocabulary_change();
DROP EXTENSION pg_trgm;
