#!/bin/bash
# The entry point of the image mysql: makes the databases on the first start, then becomes the server.
set -e -o pipefail

said() {
    printf '%s [Entrypoint]: %s\n' "$(date -u +%Y-%m-%dT%H:%M:%SZ)" "$1" >&2
}

fail() {
    said "[ERROR] $1"
    exit 1
}

# NAME_FILE names a file that has the value of NAME.
from_file() {
    local name=$1 file="${1}_FILE"
    [ -z "${!name:-}" ] || [ -z "${!file:-}" ] || fail "Both $name and $file are set (but are exclusive)"
    [ -z "${!file:-}" ] || printf -v "$name" %s "$(< "${!file}")"
    unset "$file"
}

# A text as SQL has it.
quoted() {
    local text=${1//\\/\\\\}
    printf "'%s'" "${text//\'/\\\'}"
}

client() {
    MYSQL_PWD=$MYSQL_ROOT_PASSWORD mysql --no-defaults --protocol=socket --socket="$socket" --user=root --comments "$@"
}

# What lies in docker-entrypoint-initdb.d, in the order of its names.
run_scripts() {
    local script database=()
    [ -z "$MYSQL_DATABASE" ] || database=("$MYSQL_DATABASE")
    for script in /docker-entrypoint-initdb.d/*; do
        case "$script" in
            */\*) ;;
            *.sh) if [ -x "$script" ]; then said "running $script"; "$script"; else said "sourcing $script"; . "$script"; fi ;;
            *.sql) said "running $script"; client "${database[@]}" < "$script" ;;
            *.sql.gz) said "running $script"; gzip -dc "$script" | client "${database[@]}" ;;
            *) said "ignoring $script" ;;
        esac
    done
}

# Everybody that there is to be, with what they may do. What is done here is not for replicas: each has its own.
accounts() {
    local root host=${MYSQL_ROOT_HOST:-%}
    root=$(quoted "$MYSQL_ROOT_PASSWORD")
    echo "SET @@SESSION.SQL_LOG_BIN = 0;"
    echo "ALTER USER 'root'@'localhost' IDENTIFIED BY $root;"
    if [ "$host" != localhost ]; then
        echo "CREATE USER 'root'@$(quoted "$host") IDENTIFIED BY $root;"
        echo "GRANT ALL ON *.* TO 'root'@$(quoted "$host") WITH GRANT OPTION;"
    fi
    [ -z "$MYSQL_DATABASE" ] || echo "CREATE DATABASE IF NOT EXISTS \`$MYSQL_DATABASE\`;"
    if [ -n "$MYSQL_USER" ] && [ -n "$MYSQL_PASSWORD" ]; then
        echo "CREATE USER $(quoted "$MYSQL_USER")@'%' IDENTIFIED BY $(quoted "$MYSQL_PASSWORD");"
        [ -z "$MYSQL_DATABASE" ] || echo "GRANT ALL ON \`${MYSQL_DATABASE//_/\\_}\`.* TO $(quoted "$MYSQL_USER")@'%';"
    fi
}

make_databases() {
    if [ -z "$MYSQL_ROOT_PASSWORD$MYSQL_ALLOW_EMPTY_PASSWORD$MYSQL_RANDOM_ROOT_PASSWORD" ]; then
        fail "Database is uninitialized and password option is not specified
    You need to specify one of the following as an environment variable:
    - MYSQL_ROOT_PASSWORD
    - MYSQL_ALLOW_EMPTY_PASSWORD
    - MYSQL_RANDOM_ROOT_PASSWORD"
    fi
    [ "$MYSQL_USER" != root ] || fail 'MYSQL_USER="root", MYSQL_USER and MYSQL_PASSWORD are for configuring a regular user and cannot be used for the root user'
    said "Initializing database files"
    # What was begun and not ended begins anew; what has another origin is never touched.
    [ ! -e "$begun" ] || find "$data" -mindepth 1 -delete
    touch "$begun"
    mariadb-install-db --no-defaults --datadir="$data" --auth-root-authentication-method=normal --skip-test-db > /dev/null
    said "Starting temporary server"
    "$@" --skip-networking --default-time-zone=SYSTEM --socket="$socket" --wsrep-on=OFF --skip-slave-start &
    server=$!
    local password=$MYSQL_ROOT_PASSWORD
    MYSQL_ROOT_PASSWORD=
    until client -e 'SELECT 1' > /dev/null 2>&1; do
        kill -0 "$server" 2> /dev/null || fail "Unable to start server."
        sleep 0.1
    done
    MYSQL_ROOT_PASSWORD=$password
    if [ -z "$MYSQL_ROOT_PASSWORD" ] && [ -n "$MYSQL_RANDOM_ROOT_PASSWORD" ]; then
        MYSQL_ROOT_PASSWORD=$(head -c 24 /dev/urandom | base64)
        said "GENERATED ROOT PASSWORD: $MYSQL_ROOT_PASSWORD"
    fi
    accounts | MYSQL_ROOT_PASSWORD='' client
    run_scripts
    said "Stopping temporary server"
    kill "$server"
    wait "$server"
    # Were the power cut after the first row was committed, this mark must not come back, and nothing of what it stood for lack.
    sync -f "$data"
    rm "$begun"
    sync "$data"
    said "MySQL init process done. Ready for start up."
}

case "${1:-}" in
    -*) set -- mysqld "$@" ;;
esac
if [ "${1:-}" = mysqld ] || [ "${1:-}" = mariadbd ]; then
    data=$("$@" --verbose --help 2> /dev/null | sed -n 's/^datadir  *//p')
    data=${data:-/var/lib/mysql}
    socket=/run/mysqld/mysqld.sock
    mkdir -p "$data"
    if [ "$(id -u)" = 0 ]; then
        find "$data" /run/mysqld ! -user mysql -exec chown mysql:mysql {} +
        exec setpriv --reuid=mysql --regid=mysql --clear-groups "$0" "$@"
    fi
    begun=$data/.initializing
    if [ ! -d "$data/mysql" ] || [ -e "$begun" ]; then
        for name in MYSQL_ROOT_PASSWORD MYSQL_ROOT_HOST MYSQL_DATABASE MYSQL_USER MYSQL_PASSWORD; do from_file "$name"; done
        make_databases "$@"
    fi
    unset MYSQL_ROOT_PASSWORD MYSQL_PASSWORD
fi
exec "$@"
