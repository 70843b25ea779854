#!/bin/bash
# Health check of the image: bash /opt/healthcheck.sh PORT
# Exit code 0 if the local process answers /healthz with 200. Uses nothing but bash itself, which
# every Debian image has: a check runs as long as the container, and Python takes 50 times as long.
exec 3<>"/dev/tcp/127.0.0.1/$1" || exit 1
printf 'GET /healthz HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n' >&3
IFS= read -r -t 3 status <&3
[[ $status == 'HTTP/1.1 200 '* ]]
