DROP TRIGGER tag_assignment_reference ON tag_assignment;
DROP TRIGGER tag_reference ON tag;
DROP TRIGGER zone_reference ON zone;
DROP TABLE unregistered_tag_count, reader_health, reader_credential, antenna, reader, reference_version;
DROP FUNCTION bump_reference_version;
