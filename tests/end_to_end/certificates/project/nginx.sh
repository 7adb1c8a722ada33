# nginx that lets in the gateway alone: PORT CA_FILE CERTIFICATE_FILE PRIVATE_KEY_FILE
set -eu
folder=$(mktemp -d)
cat > "$folder/nginx.conf" <<END
daemon off;
pid $folder/pid;
error_log stderr;
events {}
http {
  access_log off;
  client_body_temp_path $folder/body;
  proxy_temp_path $folder/proxy;
  fastcgi_temp_path $folder/fastcgi;
  uwsgi_temp_path $folder/uwsgi;
  scgi_temp_path $folder/scgi;
  server {
    listen 127.0.0.1:$1 ssl;
    ssl_client_certificate $2;
    ssl_verify_client on;
    ssl_certificate $3;
    ssl_certificate_key $4;
    if (\$ssl_client_s_dn != "CN=gateway-identity") { return 403; }
    location / { return 200 "nginx \$ssl_client_s_dn"; }
  }
}
END
exec nginx -p "$folder" -c "$folder/nginx.conf"
