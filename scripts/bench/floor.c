/*
 * The floor of the benchmark: the cheapest possible answer to a UDP query.
 *
 * Takes packets in batches (recvmmsg), turns each query into a NOERROR response with one fixed A record behind the
 * question, and sends the batch back (sendmmsg). Nothing is looked up. Waits in epoll as an event loop would.
 *
 * usage: floor ADDRESS PORT
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>

enum { BATCH = 64, ROOM = 1500 };

/* Owner (pointer to the question), type A, class IN, TTL 300, RDLENGTH 4, 192.0.2.1. */
static const unsigned char answer[16] = {0xc0, 0x0c, 0, 1, 0, 1, 0, 0, 1, 0x2c, 0, 4, 192, 0, 2, 1};

static unsigned char packets[BATCH][ROOM];
static struct sockaddr_in peers[BATCH];
static struct iovec parts[BATCH];
static struct mmsghdr messages[BATCH];

/* Length of the response built in place, or 0 for a packet that is no plain query. */
static size_t respond(unsigned char *packet, size_t length) {
  size_t at = 12;
  if (length < 17 || (packet[2] & 0x80) || packet[5] != 1) return 0;
  while (at < length && packet[at] != 0) at += packet[at] + 1u;
  at += 5;
  if (at > length || at + sizeof answer > ROOM) return 0;
  memcpy(packet + at, answer, sizeof answer);
  packet[2] |= 0x80;
  packet[3] = 0x80;
  packet[7] = 1;
  packet[9] = packet[11] = 0;
  return at + sizeof answer;
}

static void serve_batch(int descriptor) {
  for (;;) {
    for (int i = 0; i < BATCH; i++) {
      parts[i].iov_len = ROOM;
      messages[i].msg_hdr.msg_namelen = sizeof peers[i];
    }
    int received = recvmmsg(descriptor, messages, BATCH, MSG_DONTWAIT, NULL);
    if (received <= 0) return;
    int kept = 0;
    for (int i = 0; i < received; i++) {
      size_t length = respond(packets[i], messages[i].msg_len);
      parts[i].iov_len = length;
      if (length > 0) kept++;
    }
    if (kept == received) sendmmsg(descriptor, messages, received, MSG_DONTWAIT);
    if (received < BATCH) return;
  }
}

int main(int argc, char **argv) {
  struct sockaddr_in own = {.sin_family = AF_INET};
  if (argc != 3 || inet_pton(AF_INET, argv[1], &own.sin_addr) != 1) return 2;
  own.sin_port = htons(atoi(argv[2]));
  int descriptor = socket(AF_INET, SOCK_DGRAM | SOCK_NONBLOCK, 0);
  int room = 4 << 20;
  setsockopt(descriptor, SOL_SOCKET, SO_RCVBUF, &room, sizeof room);
  if (descriptor < 0 || bind(descriptor, (struct sockaddr *)&own, sizeof own) != 0) {
    perror("bind");
    return 1;
  }
  for (int i = 0; i < BATCH; i++) {
    parts[i].iov_base = packets[i];
    messages[i].msg_hdr.msg_iov = &parts[i];
    messages[i].msg_hdr.msg_iovlen = 1;
    messages[i].msg_hdr.msg_name = &peers[i];
  }
  int poll = epoll_create1(0);
  struct epoll_event wanted = {.events = EPOLLIN};
  epoll_ctl(poll, EPOLL_CTL_ADD, descriptor, &wanted);
  for (;;) {
    struct epoll_event event;
    if (epoll_wait(poll, &event, 1, -1) < 0 && errno != EINTR) return 1;
    serve_batch(descriptor);
  }
}
