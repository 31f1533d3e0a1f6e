#!/bin/sh
# Restores what backup.sh wrote into an empty server: sh restore.sh FOLDER. docs/backup.md explains it.
#   RESTORE_SERVER_URL  the server, as a superuser, with any database that is there: …/postgres
#   DATABASE_NAME       the database to make (tidemark), and DATABASE_OWNER its owner (tidemark)
set -eu
folder=$1
url=$RESTORE_SERVER_URL
name=${DATABASE_NAME:-tidemark}
owner=${DATABASE_OWNER:-tidemark}

# Roles first: owners, rights and policies name them. Those that the server has already are errors that do not matter.
psql -X -q -d "$url" -f "$folder/roles.sql" || true
for role in tidemark_app tidemark_system "$owner"; do
  found=$(psql -X -A -t -d "$url" -v role="$role" -f - <<'SQL'
select count(*) from pg_roles where rolname = :'role'
SQL
  )
  [ "$found" = 1 ] || { echo "The role $role is missing, so nothing was restored; see $folder/roles.sql." >&2; exit 1; }
done

psql -X -q -d "$url" -v ON_ERROR_STOP=1 -v name="$name" -v owner="$owner" -f - <<'SQL'
create database :"name" owner :"owner" template template0 encoding 'UTF8'
SQL
pg_restore --exit-on-error --dbname="$(printf '%s' "$url" | sed "s#/[^/?]*\(?.*\)\{0,1\}\$#/$name\1#")" "$folder/tidemark.dump"
psql -X -q -d "$url" -v name="$name" -f - <<'SQL'
\connect :"name"
analyze
SQL
echo "restored into $name; next: npm run migration:run, then npm run cli -- doctor"
