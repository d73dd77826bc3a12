# stratadns as a container: current Node LTS, built in one stage, run as a user without rights in the other.
FROM node:lts-slim AS build
WORKDIR /app
COPY package.json package-lock.json .npmrc tsconfig.json tsconfig.build.json ./
RUN npm ci
COPY src src
COPY scripts scripts
RUN npm run build && npm prune --omit=dev

FROM node:lts-slim
ENV NODE_ENV=production
WORKDIR /app
COPY --from=build /app/node_modules node_modules
COPY --from=build /app/dist dist
COPY package.json README.md ./
COPY zones zones
COPY docker/stratadns.yaml /etc/stratadns/stratadns.yaml
# Port 53 without root: Docker lets any user of a container bind low ports; other engines need the sysctl
# net.ipv4.ip_unprivileged_port_start=0. The page listens on the container's own loopback only.
USER node
EXPOSE 53/udp 53/tcp
HEALTHCHECK --interval=10s --timeout=3s --start-period=3s \
  CMD ["node", "-e", "fetch('http://127.0.0.1:8053/health').then(r=>process.exit(r.ok?0:1),()=>process.exit(1))"]
ENTRYPOINT ["node", "dist/cli/main.js"]
CMD ["serve", "--config", "/etc/stratadns/stratadns.yaml"]
