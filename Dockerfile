# syntax=docker/dockerfile:1
#
#   docker build -t gatehouse .
#   docker run --read-only --tmpfs /tmp -v gatehouse-state:/var/lib/gatehouse \
#     -e OS_DEFAULT__BIND_HOST=0.0.0.0 -p 127.0.0.1:9311:9311 gatehouse
#
# Settings come from /etc/gatehouse/gatehouse.conf or /etc/barbican/barbican.conf, mounted, or from the
# environment. Without bind_host it listens on the container's own loopback alone.

ARG NODE_IMAGE=node:24-slim

# ---- everything, to compile ------------------------------------------------------------------------
FROM ${NODE_IMAGE} AS build
WORKDIR /build
COPY package.json package-lock.json .npmrc ./
RUN npm ci
COPY tsconfig.json tsconfig.build.json ./
COPY src ./src
COPY migrations ./migrations
COPY api-ref/openapi.json ./api-ref/openapi.json
RUN npm run build

# ---- what runs: no compiler, no tests, no Node but the image's own ---------------------------------
FROM ${NODE_IMAGE} AS packages
WORKDIR /packages
COPY package.json package-lock.json .npmrc ./
RUN npm ci --omit=dev --omit=optional

FROM ${NODE_IMAGE}
LABEL org.opencontainers.image.title="gatehouse" \
      org.opencontainers.image.description="A key manager for OpenStack clouds that speaks the Barbican v1 API" \
      org.opencontainers.image.licenses="Apache-2.0"

ENV NODE_ENV=production \
    STATE_DIRECTORY=/var/lib/gatehouse \
    PATH=/opt/gatehouse/bin-links:$PATH

WORKDIR /opt/gatehouse
COPY --from=packages /packages/node_modules ./node_modules
COPY --from=build /build/dist ./dist
COPY package.json LICENSE README.md ./
COPY bin ./bin

# Any user may run it: whoever it is belongs to group 0, and only the state folder is written.
RUN mkdir bin-links \
 && ln -s ../bin/gatehouse.js bin-links/gatehouse \
 && ln -s ../bin/barbican-manage.js bin-links/barbican-manage \
 && ln -s ../bin/barbican-manage.js bin-links/barbican-db-manage \
 && ln -s ../bin/barbican-status.js bin-links/barbican-status \
 && for name in barbican-wsgi-api uwsgi httpd; do ln -s ../bin/barbican-wsgi-api.js bin-links/$name; done \
 && mkdir -p /etc/gatehouse /etc/barbican /var/lib/gatehouse \
 && chown 42424:0 /var/lib/gatehouse \
 && chmod 0770 /var/lib/gatehouse

USER 42424:0
VOLUME /var/lib/gatehouse
EXPOSE 9311
STOPSIGNAL SIGTERM

# The port of the environment, or the usual one: a settings file that names another wants its own check.
HEALTHCHECK --interval=10s --timeout=3s --start-period=10s CMD ["node", "-e", \
  "fetch('http://127.0.0.1:' + (process.env.OS_DEFAULT__BIND_PORT || 9311) + '/healthcheck').then((r) => process.exit(r.ok ? 0 : 1), () => process.exit(1))"]

CMD ["gatehouse", "serve"]
