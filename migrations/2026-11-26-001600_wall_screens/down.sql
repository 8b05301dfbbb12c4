DROP TABLE wall_screen;
