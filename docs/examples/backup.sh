#!/bin/sh
# Backs up Tidemark while it runs: sh backup.sh FOLDER, a new folder. docs/backup.md explains it.
#   BACKUP_DATABASE_URL     the database, as a superuser or as the backup login of docs/backup.md
#   AUDIT_SIGNING_KEY_FILE  the key that signs the audit trail, where it is in a file
set -eu
umask 077
folder=$1
url=$BACKUP_DATABASE_URL
mkdir "$folder"

# Row-level security binds any other login. With --enable-row-security pg_dump would take
# that for empty tables and end well.
rights=$(psql -X -A -t -d "$url" -c "select rolsuper, rolbypassrls from pg_roles where rolname = current_user")
case $rights in
  t*) passwords= ;;
  *t) passwords=--no-role-passwords ;; # only a superuser may read them
  *) echo "This login would not see every row: use a superuser, or one with BYPASSRLS and pg_read_all_data." >&2; exit 1 ;;
esac

# shellcheck disable=SC2086 # nothing, or one option
pg_dumpall --roles-only $passwords --dbname="$url" --file="$folder/roles.sql"
pg_dump --format=custom --dbname="$url" --file="$folder/tidemark.dump"
if [ -n "${AUDIT_SIGNING_KEY_FILE:-}" ]; then cp "$AUDIT_SIGNING_KEY_FILE" "$folder/audit-signing-key.pem"; fi
echo "backed up to $folder"
