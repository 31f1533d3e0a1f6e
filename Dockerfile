# Build: everything, then only what runs.
FROM node:24-bookworm-slim AS build
WORKDIR /app
COPY package.json package-lock.json .npmrc ./
RUN npm ci
COPY tsconfig.json tsconfig.build.json nest-cli.json ./
COPY src ./src
COPY migrations ./migrations
COPY scripts ./scripts
COPY dashboard ./dashboard
RUN npm run build && npm prune --omit=dev --omit=optional
# What the image is made of, for scanners (CycloneDX). Before, package.json forgets what was pruned: npm would miss it.
RUN npm pkg delete devDependencies optionalDependencies overrides \
  && npm sbom --sbom-format=cyclonedx --sbom-type=application > sbom.cdx.json

FROM node:24-bookworm-slim
ARG VERSION=0.1.0
ARG REVISION=unknown
LABEL org.opencontainers.image.title="Tidemark" \
      org.opencontainers.image.description="Self-hosted, event-driven analytics and audit backend on PostgreSQL" \
      org.opencontainers.image.licenses="MIT" \
      org.opencontainers.image.version="$VERSION" \
      org.opencontainers.image.revision="$REVISION" \
      org.opencontainers.image.base.name="docker.io/library/node:24-bookworm-slim"
# A container's own 127.0.0.1 is out of everybody's reach; what is published decides who gets in.
ENV NODE_ENV=production HOST=0.0.0.0
WORKDIR /app
COPY --from=build /app/node_modules ./node_modules
COPY --from=build /app/dist ./dist
COPY migrations/functions ./migrations/functions
COPY --from=build /app/sbom.cdx.json ./
COPY package.json scripts/healthcheck.mjs ./
# The command line, as "bin" of package.json calls it: docker compose exec api tidemark doctor
RUN chmod +x dist/cli.js && ln -s /app/dist/cli.js /usr/local/bin/tidemark
# Where volumes go; a new one takes over this owner.
RUN mkdir -p /var/lib/tidemark/archive && chown -R node:node /var/lib/tidemark
USER node
EXPOSE 3000 3001
HEALTHCHECK --interval=10s --timeout=5s --start-period=30s CMD ["node", "healthcheck.mjs"]
# The API; a worker runs `dist/worker.js`, the migration job `node dist/cli.js migrate`.
CMD ["node", "dist/main.js"]
