//! nginx: Debian has 1.22.

use crate::images::recipe::{Base, Image, Own, PATH, User};
use serde_json::json;

pub const NGINX: Image = Image {
    name: "nginx",
    tags: &["nginx:1.25", "nginx:1.22", "nginx:1", "nginx:latest"],
    stand_in: Some("nginx 1.22 of Debian, also under the tag 1.25"),
    base: Base::Debian,
    packages: &["nginx", "gettext-base", "curl"],
    jars: None,
    changes: &[],
    user: Some(User { name: "nginx", number: 101, home: "/nonexistent" }),
    files: &[
        Own { path: "docker-entrypoint.sh", mode: 0o755, content: include_str!("nginx.sh") },
        Own { path: "docker-entrypoint.d/20-envsubst-on-templates.sh", mode: 0o755, content: include_str!("nginx-templates.sh") },
        Own { path: "etc/nginx/nginx.conf", mode: 0o644, content: NGINX_CONF },
        Own { path: "etc/nginx/conf.d/default.conf", mode: 0o644, content: DEFAULT_CONF },
        Own { path: "usr/share/nginx/html/50x.html", mode: 0o644, content: "<html><body><h1>An error occurred.</h1></body></html>\n" },
    ],
    directories: &[("var/cache/nginx", 0o755), ("var/lib/nginx", 0o755), ("var/log/nginx", 0o755)],
    links: &[("var/log/nginx/access.log", "/dev/stdout"), ("var/log/nginx/error.log", "/dev/stderr")],
    config: || {
        json!({"Env": [PATH, "NGINX_VERSION=1.22.1"], "Entrypoint": ["/docker-entrypoint.sh"], "Cmd": ["nginx", "-g", "daemon off;"],
            "ExposedPorts": {"80/tcp": {}}, "StopSignal": "SIGQUIT"})
    },
};

const NGINX_CONF: &str = r#"user nginx;
worker_processes auto;
error_log /var/log/nginx/error.log notice;
pid /var/run/nginx.pid;

events {
    worker_connections 1024;
}

http {
    include /etc/nginx/mime.types;
    default_type application/octet-stream;
    log_format main '$remote_addr - $remote_user [$time_local] "$request" $status $body_bytes_sent "$http_referer" "$http_user_agent"';
    access_log /var/log/nginx/access.log main;
    sendfile on;
    keepalive_timeout 65;
    include /etc/nginx/conf.d/*.conf;
}
"#;

const DEFAULT_CONF: &str = r"server {
    listen 80;
    listen [::]:80;
    server_name localhost;
    root /usr/share/nginx/html;

    location / {
        index index.html index.htm;
    }

    error_page 500 502 503 504 /50x.html;
}
";
