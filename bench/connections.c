// Owns the load of the benchmark: new TCP connections per second, and small UDP packets. One file is both ends, so that the chains
// that are compared carry the same bytes: connect, 64 bytes there, 64 bytes back, close; or datagrams of 64 bytes, one way.
//   connections serve PORT            answers until it is ended; one process, epoll
//   connections http PORT             the same, but answers HTTP and closes after each answer, as a web server without keep-alive
//   connections load ADDRESS PORT CONCURRENCY SECONDS   prints connections per second
//   connections sink PORT             reads datagrams until it is ended
//   connections blast ADDRESS PORT SECONDS   sends datagrams, prints for how long; what arrived is in the receiver's /proc/net/snmp
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum { MESSAGE = 64, EVENTS = 256 };
static double now(void) { struct timespec t; clock_gettime(CLOCK_MONOTONIC, &t); return t.tv_sec + t.tv_nsec / 1e9; }
static int fail(const char *what) { perror(what); return 1; }

static const char page[] = "HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Type: text/plain\r\nContent-Length: 3\r\n\r\nok\n";

// One request: answered. Whoever sends more, or nothing more, is closed.
static int answer(int fd, int http) {
  char buffer[1024];
  if (http) { if (read(fd, buffer, sizeof buffer) > 0 && write(fd, page, sizeof page - 1)) {} return 0; }
  return read(fd, buffer, MESSAGE) == MESSAGE && write(fd, buffer, MESSAGE) == MESSAGE;
}

static int serve(int port, int http) {
  int listener = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0), one = 1, poll = epoll_create1(0);
  struct sockaddr_in a = { .sin_family = AF_INET, .sin_port = htons(port) };
  setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one);
  if (bind(listener, (void *)&a, sizeof a) || listen(listener, 4096)) return fail("listen");
  struct epoll_event e = { .events = EPOLLIN, .data.fd = listener }, ready[EVENTS];
  epoll_ctl(poll, EPOLL_CTL_ADD, listener, &e);
  for (;;) {
    int n = epoll_wait(poll, ready, EVENTS, -1);
    for (int i = 0; i < n; i++) {
      int fd = ready[i].data.fd;
      if (fd == listener) {
        int c;
        while ((c = accept4(listener, 0, 0, SOCK_NONBLOCK)) >= 0) { e.data.fd = c; epoll_ctl(poll, EPOLL_CTL_ADD, c, &e); }
      } else if (!answer(fd, http)) close(fd);
    }
  }
}

static int dial(int poll, struct sockaddr_in *a) {
  int fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
  if (fd < 0) return -1;
  if (connect(fd, (void *)a, sizeof *a) && errno != EINPROGRESS) { close(fd); return -1; }
  struct epoll_event e = { .events = EPOLLOUT, .data.fd = fd };
  return epoll_ctl(poll, EPOLL_CTL_ADD, fd, &e);
}

static int load(const char *address, int port, int concurrency, double seconds) {
  struct sockaddr_in a = { .sin_family = AF_INET, .sin_port = htons(port) };
  if (inet_pton(AF_INET, address, &a.sin_addr) != 1) return fail("address");
  int poll = epoll_create1(0);
  struct epoll_event e, ready[EVENTS];
  char buffer[MESSAGE] = { 0 };
  struct linger at_once = { .l_onoff = 1, .l_linger = 0 };
  long done = 0, failed = 0;
  for (int i = 0; i < concurrency; i++) if (dial(poll, &a)) return fail("connect");
  double start = now(), end = start + seconds;
  while (now() < end) {
    int n = epoll_wait(poll, ready, EVENTS, 100);
    for (int i = 0; i < n; i++) {
      int fd = ready[i].data.fd;
      if (ready[i].events & EPOLLOUT) {
        if (write(fd, buffer, MESSAGE) != MESSAGE) { failed++; close(fd); dial(poll, &a); continue; }
        e.events = EPOLLIN; e.data.fd = fd;
        epoll_ctl(poll, EPOLL_CTL_MOD, fd, &e);
      } else {
        if (read(fd, buffer, MESSAGE) == MESSAGE) done++; else failed++;
        setsockopt(fd, SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once); // ends by RST: no TIME_WAIT eats the ports of the next round
        close(fd);
        dial(poll, &a);
      }
    }
  }
  printf("%.0f %ld\n", done / (now() - start), failed);
  return failed > done / 100;
}

static int sink(int port) {
  int fd = socket(AF_INET, SOCK_DGRAM, 0), room = 1 << 22;
  struct sockaddr_in a = { .sin_family = AF_INET, .sin_port = htons(port) };
  setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &room, sizeof room);
  if (bind(fd, (void *)&a, sizeof a)) return fail("bind");
  static char buffers[EVENTS][MESSAGE];
  struct iovec parts[EVENTS];
  struct mmsghdr many[EVENTS] = { 0 };
  for (int i = 0; i < EVENTS; i++) {
    parts[i] = (struct iovec){ buffers[i], MESSAGE };
    many[i].msg_hdr = (struct msghdr){ .msg_iov = &parts[i], .msg_iovlen = 1 };
  }
  for (;;) { // looks in now and then: woken by each datagram it would take as much of the sender's time as the whole way does
    while (recvmmsg(fd, many, EVENTS, MSG_DONTWAIT, 0) == EVENTS);
    usleep(1000);
  }
}

static int blast(const char *address, int port, double seconds) {
  int fd = socket(AF_INET, SOCK_DGRAM, 0);
  struct sockaddr_in a = { .sin_family = AF_INET, .sin_port = htons(port) };
  if (inet_pton(AF_INET, address, &a.sin_addr) != 1 || connect(fd, (void *)&a, sizeof a)) return fail("address");
  char buffer[MESSAGE] = { 0 };
  struct iovec part = { buffer, MESSAGE };
  struct mmsghdr many[64] = { 0 };
  for (int i = 0; i < 64; i++) many[i].msg_hdr = (struct msghdr){ .msg_iov = &part, .msg_iovlen = 1 };
  double start = now(), t = start;
  for (; t < start + seconds; t = now()) if (sendmmsg(fd, many, 64, 0) < 0 && errno != ECONNREFUSED) return fail("send");
  printf("%.6f\n", t - start);
  return 0;
}

int main(int argc, char **argv) {
  if (argc == 3 && (!strcmp(argv[1], "serve") || !strcmp(argv[1], "http"))) return serve(atoi(argv[2]), !strcmp(argv[1], "http"));
  if (argc == 6 && !strcmp(argv[1], "load")) return load(argv[2], atoi(argv[3]), atoi(argv[4]), atof(argv[5]));
  if (argc == 3 && !strcmp(argv[1], "sink")) return sink(atoi(argv[2]));
  if (argc == 5 && !strcmp(argv[1], "blast")) return blast(argv[2], atoi(argv[3]), atof(argv[4]));
  fprintf(stderr, "connections serve PORT | http PORT | load ADDRESS PORT CONCURRENCY SECONDS | sink PORT | blast ADDRESS PORT SECONDS\n");
  return 2;
}
