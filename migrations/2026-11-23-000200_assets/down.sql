DROP TABLE tag_assignment, tag, asset_identifier, asset, model, asset_type;
DROP EXTENSION btree_gist;
