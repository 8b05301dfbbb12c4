DROP TABLE zone, room, unit, floor, building, facility;
