ALTER TABLE app_user DROP COLUMN critical_sound;
