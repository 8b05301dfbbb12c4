DROP TABLE walk_edge, room_shape, floor_plan;
DROP TRIGGER facility_place_version ON facility;
DROP TRIGGER building_place_version ON building;
DROP TRIGGER floor_place_version ON floor;
DROP TRIGGER unit_place_version ON unit;
DROP TRIGGER room_place_version ON room;
DROP FUNCTION count_place_change();
DROP TABLE place_version;
