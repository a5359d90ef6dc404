#!/bin/sh
# The entry point of the image redis: becomes the server, as its own user where it may choose.
set -e

case "${1:-}" in
    -* | *.conf) set -- redis-server "$@" ;;
esac
if [ "${1:-}" = redis-server ]; then
    if [ "$(id -u)" = 0 ]; then
        find . ! -user redis -exec chown redis:redis {} +
        exec setpriv --reuid=redis --regid=redis --clear-groups "$0" "$@"
    fi
    [ "$(umask)" != 0022 ] || umask 0077
fi
exec "$@"
