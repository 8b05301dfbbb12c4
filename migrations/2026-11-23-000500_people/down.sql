DROP TABLE audit_log, setup_link, sign_in_failure, user_session, app_user;
