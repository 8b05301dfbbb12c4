-- Who wants to hear critical alerts.
ALTER TABLE app_user ADD COLUMN critical_sound boolean NOT NULL DEFAULT false;
COMMENT ON COLUMN app_user.critical_sound IS 'They switched on a sound for critical alerts; nothing else ever sounds by itself.';
