#!/bin/sh
# The server without the mode that refuses whoever is not on the machine: who may reach a container is decided around it. What is asked for in words stands.
case "${1:-} $*" in
    -v* | --version* | -h* | --help* | --test-memory* | --check-system* | *" --protected-mode "*) ;;
    *) [ -f "${1:-}" ] && grep -q '^[[:space:]]*protected-mode' "$1" || set -- "$@" --protected-mode no ;;
esac
exec /usr/bin/redis-server "$@"
