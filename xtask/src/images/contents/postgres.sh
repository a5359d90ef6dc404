#!/bin/sh
# The entry point of the image postgres: makes the database cluster on the first start, then becomes the server.
set -e

fail() {
    printf 'Error: %s\n' "$1" >&2
    exit 1
}

# NAME_FILE names a file that has the value of NAME.
from_file() {
    eval "value=\${$1:-} file=\${$1_FILE:-}"
    [ -z "$value" ] || [ -z "$file" ] || fail "both $1 and $1_FILE are set (but are exclusive)"
    [ -z "$file" ] || value=$(cat "$file")
    value=${value:-$2}
    export "$1=$value"
    unset "$1_FILE"
}

sql() {
    PGHOST= PGHOSTADDR= psql -v ON_ERROR_STOP=1 --no-psqlrc --no-password --username "$POSTGRES_USER" "$@"
}

# What lies in docker-entrypoint-initdb.d, in the order of its names.
run_scripts() {
    for script in /docker-entrypoint-initdb.d/*; do
        case "$script" in
            */\*) ;;
            *.sh) if [ -x "$script" ]; then echo "running $script"; "$script"; else echo "sourcing $script"; . "$script"; fi ;;
            *.sql) echo "running $script"; sql --dbname "$POSTGRES_DB" -f "$script" ;;
            *.sql.gz) echo "running $script"; gzip -dc "$script" | sql --dbname "$POSTGRES_DB" ;;
            *) echo "ignoring $script" ;;
        esac
    done
}

make_cluster() {
    method=${POSTGRES_HOST_AUTH_METHOD:-scram-sha-256}
    if [ -z "$POSTGRES_PASSWORD" ] && [ "$method" != trust ]; then
        fail "Database is uninitialized and superuser password is not specified. Set POSTGRES_PASSWORD to a non-empty value, or POSTGRES_HOST_AUTH_METHOD=trust to allow all connections without a password."
    fi
    secret=$(mktemp)
    printf '%s\n' "$POSTGRES_PASSWORD" > "$secret"
    [ -z "${POSTGRES_INITDB_WALDIR:-}" ] || set -- --waldir "$POSTGRES_INITDB_WALDIR"
    [ -z "$POSTGRES_PASSWORD" ] || set -- "$@" --pwfile "$secret"
    eval 'initdb --username "$POSTGRES_USER" "$@" '"$POSTGRES_INITDB_ARGS"
    rm -f "$secret"
    printf '\nhost all all all %s\n' "$method" >> "$PGDATA/pg_hba.conf"
    # Nobody but this script reaches the server before everything is there.
    export PGPASSWORD="$POSTGRES_PASSWORD"
    pg_ctl -D "$PGDATA" -o "-c listen_addresses= -p ${PGPORT:-5432}" -w start
    if [ "$POSTGRES_DB" != postgres ]; then
        echo 'CREATE DATABASE :"db" ;' | sql --dbname postgres --set db="$POSTGRES_DB"
    fi
    run_scripts
    pg_ctl -D "$PGDATA" -m fast -w stop
    unset PGPASSWORD
    echo
    echo "PostgreSQL init process complete; ready for start up."
    echo
}

case "${1:-}" in
    -*) set -- postgres "$@" ;;
esac
if [ "${1:-}" = postgres ]; then
    if [ "$(id -u)" = 0 ]; then
        mkdir -p "$PGDATA" /run/postgresql
        chmod 0700 "$PGDATA"
        for place in "$PGDATA" /run/postgresql ${POSTGRES_INITDB_WALDIR:+"$POSTGRES_INITDB_WALDIR"}; do
            mkdir -p "$place"
            find "$place" ! -user postgres -exec chown postgres:postgres {} +
        done
        exec setpriv --reuid=postgres --regid=postgres --init-groups "$0" "$@"
    fi
    mkdir -p "$PGDATA"
    chmod 0700 "$PGDATA" || :
    if [ ! -s "$PGDATA/PG_VERSION" ]; then
        from_file POSTGRES_PASSWORD ""
        from_file POSTGRES_USER postgres
        from_file POSTGRES_DB "$POSTGRES_USER"
        from_file POSTGRES_INITDB_ARGS ""
        make_cluster
    fi
fi
exec "$@"
