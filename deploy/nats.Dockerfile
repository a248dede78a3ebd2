# NATS as it comes, with its settings and a folder for its streams that an ordinary user may write to.
FROM nats:2.15-alpine
USER root
RUN mkdir /data && chown 10001:10001 /data
COPY deploy/nats.conf /etc/nats/nats.conf
COPY deploy/nats-health /usr/local/bin/nats-health
USER 10001:10001
CMD ["-c", "/etc/nats/nats.conf"]
