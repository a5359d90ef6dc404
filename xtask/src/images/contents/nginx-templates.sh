#!/bin/sh
# Writes each template of /etc/nginx/templates, with the variables of the environment in it, to /etc/nginx/conf.d.
set -e

from=${NGINX_ENVSUBST_TEMPLATE_DIR:-/etc/nginx/templates}
to=${NGINX_ENVSUBST_OUTPUT_DIR:-/etc/nginx/conf.d}
suffix=${NGINX_ENVSUBST_TEMPLATE_SUFFIX:-.template}
[ -d "$from" ] || exit 0
# Only what is set: nginx has variables of its own.
known=$(env | sed -n 's/^\([A-Za-z_][A-Za-z_0-9]*\)=.*/${\1}/p' | grep -E "${NGINX_ENVSUBST_FILTER:-.}" | tr '\n' ' ')
find "$from" -follow -type f -name "*$suffix" | while read -r template; do
    written=$to/${template#"$from"/}
    written=${written%"$suffix"}
    mkdir -p "$(dirname "$written")"
    echo "$0: $template to $written"
    envsubst "$known" < "$template" > "$written"
done
