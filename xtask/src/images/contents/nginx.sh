#!/bin/sh
# The entry point of the image nginx: what lies in docker-entrypoint.d, in the order of its names, then the server.
set -e

said() {
    [ -n "${NGINX_ENTRYPOINT_QUIET_LOGS:-}" ] || echo "$0: $*"
}

case "${1:-}" in
    nginx | nginx-debug)
        for script in /docker-entrypoint.d/*; do
            case "$script" in
                *.envsh) if [ -x "$script" ]; then said "sourcing $script"; . "$script"; else said "ignoring $script, which is not executable"; fi ;;
                *.sh) if [ -x "$script" ]; then said "running $script"; "$script"; else said "ignoring $script, which is not executable"; fi ;;
                *) said "ignoring $script" ;;
            esac
        done
        # A kernel without IPv6 has no sockets of it.
        [ -e /proc/net/if_inet6 ] || sed -i '/listen \[::\]:80;/d' /etc/nginx/conf.d/default.conf 2>/dev/null || :
        said "configured; ready for start up"
        ;;
esac
exec "$@"
