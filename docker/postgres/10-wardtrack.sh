#!/usr/bin/env bash
# Run once by the Postgres image on an empty volume: wardtrack's role owns its database and is no superuser.
set -euo pipefail
password="$(cat /run/secrets/postgres-password)"
psql --no-psqlrc --quiet --set=ON_ERROR_STOP=1 --username "$POSTGRES_USER" --dbname postgres <<SQL
CREATE ROLE wardtrack LOGIN NOSUPERUSER NOCREATEROLE PASSWORD '$password';
CREATE DATABASE wardtrack OWNER wardtrack;
SQL
